"""The mutations and queries of the orders context."""
