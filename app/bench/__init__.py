"""`python3 -m app bench`: how fast it is, measured on servers and processes of its own."""
