"""The commands, rules and events of the orders context."""
