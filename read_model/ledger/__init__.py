"""The views of the ledger context."""
