"""The streams of aggregates that are nothing but their events, and the last snapshot of each."""

from alembic import op

from app.migrations.statements import statements

revision = "0007"
down_revision = "0006"

STATEMENTS = """
create table write.streams (
    aggregate_id uuid primary key,
    aggregate_type text not null,
    version bigint not null check (version > 0),
    snapshot jsonb,
    snapshot_version bigint not null default 0 check (snapshot_version <= version),
    snapshot_revision integer not null default 0
) with (fillfactor = 70);
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
