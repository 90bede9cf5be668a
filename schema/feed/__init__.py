"""The mutations and queries of the feed context."""
