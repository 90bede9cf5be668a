"""The commands, rules and events of the ledger context: accounts, and what moves between them."""
