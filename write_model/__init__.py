"""The write model: one folder a bounded context, each with its commands, events, rules and normalized tables."""
