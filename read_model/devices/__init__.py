"""The views of the devices context."""
