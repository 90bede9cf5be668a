"""The commands, rules and events of the customers context."""
