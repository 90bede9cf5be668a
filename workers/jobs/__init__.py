"""What workers do. Generic: no code of any context."""
