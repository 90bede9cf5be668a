"""The machinery: database, log, bus, read stores, freshness. Knows no context."""
