"""The commands, rules and events of the feed context: people, what they post, and who follows whom."""
