"""Counterfoil: a GraphQL backend whose reads and writes are two systems."""
