"""The commands, rules and events of the catalog context."""
