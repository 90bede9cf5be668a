"""Generations have a life: they are filled, switched to, kept and pruned, by workers as well as by `migrate`."""

from alembic import op

from app.migrations.statements import statements

revision = "0006"
down_revision = "0005"

STATEMENTS = """
alter table read.generations
    add column state text not null default 'LIVE'
        check (state in ('BUILDING', 'READY', 'LIVE', 'KEPT', 'PRUNED')),
    add column indexed boolean not null default true,
    add column only_checked boolean not null default false,
    add column caught_up_at timestamptz,
    add column activated_at timestamptz,
    add column superseded_at timestamptz,
    add column pruned_at timestamptz,
    add column comparison jsonb;

update read.generations g set caught_up_at = created_at, activated_at = created_at;
update read.generations g set state = 'KEPT', superseded_at = clock_timestamp()
where generation < (select max(generation) from read.generations n where n.view = g.view);

alter table read.generations
    alter column state drop default, alter column indexed drop default,
    add check (state not in ('LIVE', 'KEPT') or activated_at is not null);
create unique index generations_live on read.generations (view) where state = 'LIVE';
create unique index generations_next on read.generations (view, fingerprint) where state in ('BUILDING', 'READY');

grant create on schema read to counterfoil_projection;
grant insert, update on read.generations to counterfoil_projection;
grant insert, delete on read.checkpoints to counterfoil_projection;
alter default privileges for role counterfoil_projection in schema read grant select on tables to counterfoil_query;

do $$
declare made text;
begin
    for made in
        select distinct t.tablename from pg_tables t
        join read.generations g on t.tablename ~ format('^%s__%s(_|$)', g.view, g.generation)
        where t.schemaname = 'read'
    loop
        execute format('alter table read.%I owner to counterfoil_projection', made);
        execute format('revoke delete, truncate on read.%I from counterfoil_projection', made);
        execute format('grant select on read.%I to counterfoil_query', made);
    end loop;
end $$;
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
