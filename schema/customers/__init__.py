"""The mutations and queries of the customers context."""
