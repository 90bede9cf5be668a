"""The views of the customers context."""
