"""What operators ask for, and what views and policies could not apply."""

from alembic import op

from app.migrations.statements import statements

revision = "0004"
down_revision = "0003"

STATEMENTS = """
create table write.consumers (
    consumer_id uuid primary key,
    name text not null unique,
    version bigint not null check (version > 0)
);

create table read.carried_out (
    request_id uuid primary key,
    position bigint not null unique,
    outcome text not null,
    failed boolean not null,
    carried_out_at timestamptz not null default clock_timestamp()
);

create table read.dead_letters (
    consumer text not null,
    generation integer not null,
    shard smallint not null,
    position bigint not null,
    sequence uuid not null,
    aggregate_type text not null,
    version bigint not null,
    type text not null,
    schema_version smallint not null,
    data jsonb not null,
    metadata jsonb not null,
    recorded_at timestamptz not null,
    attempts integer not null,
    exception text,
    message text,
    place text,
    parked_at timestamptz not null default clock_timestamp(),
    retry boolean not null default false,
    primary key (consumer, generation, shard, position),
    check ((exception is null) = (attempts = 0))
);
create index dead_letters_sequence on read.dead_letters (consumer, generation, sequence);
grant delete on read.dead_letters to counterfoil_projection;

create table read.discarded (
    consumer text not null,
    position bigint not null,
    reason text not null,
    discarded_by text not null,
    discarded_at timestamptz not null,
    primary key (consumer, position)
);

alter table read.checkpoints add column parked integer not null default 0 check (parked >= 0);
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
