"""Policies: how far each has reacted to the log, what it remembers, and what it has scheduled."""

from alembic import op

from app.migrations.statements import statements

revision = "0005"
down_revision = "0004"

STATEMENTS = """
create schema policy;

create table policy.checkpoints (
    policy text primary key,
    position bigint not null,
    reacts_after bigint not null,
    head bigint not null default 0,
    heartbeat_at timestamptz,
    state text not null default 'NEW' check (state in ('NEW', 'RUNNING', 'FAILING')),
    error text,
    epoch bigint not null default 0,
    owner text,
    lease_until timestamptz
) with (fillfactor = 30);

create table policy.memories (
    policy text not null,
    kind text not null check (kind in ('ENTITY', 'ROW')),
    key uuid not null,
    state jsonb not null,
    primary key (policy, kind, key)
);

create table policy.scheduled_commands (
    command_id uuid primary key,
    policy text not null,
    type text not null,
    aggregate_id uuid not null,
    content jsonb not null,
    position bigint not null,
    place smallint not null,
    correlation_id uuid not null,
    causation_id uuid not null,
    due_at timestamptz not null,
    next_at timestamptz not null,
    attempts integer not null default 0,
    outcome text check (outcome in ('ACCEPTED', 'REFUSED', 'WITHDRAWN')),
    reason text,
    settled_at timestamptz,
    check ((outcome is null) = (settled_at is null))
);
create index on policy.scheduled_commands (policy, next_at) where outcome is null;
create index on policy.scheduled_commands (policy, aggregate_id) where outcome is null;

grant usage on schema policy to counterfoil_projection, counterfoil_query;
grant select, update on policy.checkpoints to counterfoil_projection;
grant select, insert, update on policy.memories, policy.scheduled_commands to counterfoil_projection;
grant select on policy.checkpoints, policy.scheduled_commands to counterfoil_query;
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
