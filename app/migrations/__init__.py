"""The database's shape: Alembic revisions for schema `write` and the machinery, then the views' own tables."""
