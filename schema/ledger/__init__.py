"""The mutations and queries of the ledger context."""
