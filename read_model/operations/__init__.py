"""The views of the operations context."""
