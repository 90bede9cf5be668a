"""The mutations and queries of the operations context."""
