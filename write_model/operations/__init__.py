"""The commands, rules and events of the operations context: what operators ask of those who read the log."""
