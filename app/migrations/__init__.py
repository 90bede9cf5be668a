"""The database's shape: Alembic revisions for schema `write` and the machinery, and the views' own tables after them."""
