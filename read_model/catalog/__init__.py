"""The views of the catalog context."""
