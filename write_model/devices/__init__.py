"""The commands, rules and events of the devices context: what things measure, and when that is alarming."""
