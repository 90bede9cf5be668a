"""The mutations and queries of the devices context."""
