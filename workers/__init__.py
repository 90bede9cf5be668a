"""The workers: arq runs them, leases decide who projects what."""
