"""Trigrams, for searches that forgive typing errors."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Applies the revision. The extension is a trusted one: owning the database is enough to make it."""
    op.execute("create extension if not exists pg_trgm")
