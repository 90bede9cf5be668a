"""What is seen from outside: metrics, health, and the files with which Prometheus and Grafana look at them."""
