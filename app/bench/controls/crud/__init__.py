"""Plain CRUD, as most backends have it: Strawberry over SQLAlchemy's ORM, one normalized model for reads and writes.

`python -m app.bench.controls.crud PORT` serves `/graphql`.
"""
