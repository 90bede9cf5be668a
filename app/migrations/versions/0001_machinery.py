"""The log, the commands' records, the checkpoints, and the roles of the three kinds of work."""

from alembic import op

from app.migrations.statements import statements

revision = "0001"
down_revision = None

STATEMENTS = """
create schema write;
create schema read;

do $$
declare wanted text;
begin
    foreach wanted in array array['counterfoil_command', 'counterfoil_projection', 'counterfoil_query'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
        execute format('grant %I to current_user', wanted);
    end loop;
end $$;

create table write.log (
    singleton boolean primary key default true check (singleton),
    log_id uuid not null default gen_random_uuid()
);
insert into write.log default values;

create table write.events (
    position bigint generated always as identity (cache 1) primary key,
    event_id uuid not null unique,
    aggregate_type text not null,
    aggregate_id uuid not null,
    version bigint not null check (version > 0),
    type text not null,
    schema_version smallint not null check (schema_version > 0),
    data jsonb not null,
    metadata jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    unique (aggregate_id, version)
);

create table write.commands (
    command_id uuid primary key,
    type text not null,
    fingerprint bytea not null,
    actor text not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    version bigint not null,
    position bigint not null,
    accepted_at timestamptz not null default clock_timestamp()
);

create table read.log (
    singleton boolean primary key default true check (singleton),
    log_id uuid not null
);
insert into read.log (log_id) select log_id from write.log;

create table read.generations (
    view text not null,
    generation integer not null check (generation > 0),
    fingerprint text not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (view, generation)
);

create table read.checkpoints (
    view text not null,
    generation integer not null,
    shard smallint not null,
    position bigint not null default 0,
    head bigint not null default 0,
    event_at timestamptz,
    caught_up_at timestamptz,
    heartbeat_at timestamptz,
    state text not null default 'NEW' check (state in ('NEW', 'RUNNING', 'FAILING')),
    error text,
    epoch bigint not null default 0,
    owner text,
    lease_until timestamptz,
    primary key (view, generation, shard),
    foreign key (view, generation) references read.generations on delete cascade
) with (fillfactor = 30);

grant usage on schema write to counterfoil_command, counterfoil_projection;
grant usage on schema read to counterfoil_projection, counterfoil_query;
grant select, insert on write.events, write.commands to counterfoil_command;
grant select on write.log to counterfoil_command, counterfoil_projection;
grant select on write.events to counterfoil_projection;
alter default privileges in schema write grant select, insert, update on tables to counterfoil_command;
alter default privileges in schema read grant select on tables to counterfoil_query;
alter default privileges in schema read grant select, insert, update on tables to counterfoil_projection;
grant select on all tables in schema read to counterfoil_query, counterfoil_projection;
grant update on read.checkpoints to counterfoil_projection;
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
