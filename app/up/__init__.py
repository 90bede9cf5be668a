"""`python3 -m app up`: everything on one machine."""
