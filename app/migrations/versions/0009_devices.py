"""The devices context's write model: devices, what they deliver, and the rules that watch them."""

from alembic import op

from app.migrations.statements import statements

revision = "0009"
down_revision = "0008"

STATEMENTS = """
create table write.devices (
    device_id uuid primary key,
    kind text not null check (kind <> ''),
    site text not null check (site <> ''),
    registered_at timestamptz not null,
    retired boolean not null default false,
    delivered int8multirange not null default '{}',
    version bigint not null check (version > 0)
) with (fillfactor = 50);

create table write.device_metadata (
    device_id uuid not null references write.devices,
    name text not null check (name <> ''),
    value text not null,
    primary key (device_id, name)
);

create table write.device_metrics (
    device_id uuid not null references write.devices,
    metric text not null check (metric <> ''),
    newest_at timestamptz not null,
    newest_sequence bigint not null,
    primary key (device_id, metric)
) with (fillfactor = 50);

create table write.alarm_rules (
    rule_id uuid primary key,
    site text not null check (site <> ''),
    device_id uuid references write.devices,
    metric text not null check (metric <> ''),
    direction text not null check (direction in ('ABOVE', 'BELOW')),
    raise_at numeric not null,
    clear_at numeric not null,
    version bigint not null check (version > 0),
    check (case direction when 'ABOVE' then clear_at <= raise_at else clear_at >= raise_at end)
);
create index alarm_rules_site on write.alarm_rules (site) where device_id is null;
create index alarm_rules_device on write.alarm_rules (device_id) where device_id is not null;
grant delete on write.alarm_rules to counterfoil_command;

create table write.alarm_states (
    device_id uuid not null references write.devices,
    rule_id uuid not null references write.alarm_rules,
    alarm_id uuid,
    primary key (device_id, rule_id)
);
create index alarm_states_rule on write.alarm_states (rule_id);
grant delete on write.alarm_states to counterfoil_command;
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
