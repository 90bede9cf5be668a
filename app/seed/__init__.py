"""A small living shop, made by dispatching commands; each context's part of it has a module of its own."""

from app.seed.names import seeded_id
from app.seed.seeding import examples, seed, seeded_names

__all__ = ["examples", "seed", "seeded_id", "seeded_names"]
