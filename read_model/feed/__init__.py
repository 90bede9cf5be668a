"""The views of the feed context."""
