"""The views of the orders context."""
