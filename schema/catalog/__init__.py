"""The mutations and queries of the catalog context."""
