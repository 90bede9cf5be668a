"""The shop's write model in third normal form: customers, catalog, orders."""

from alembic import op

from app.migrations.statements import statements

revision = "0002"
down_revision = "0001"

STATEMENTS = """
create table write.customers (
    customer_id uuid primary key,
    name text not null check (name <> ''),
    email text,
    tier text not null check (tier in ('STANDARD', 'SILVER', 'GOLD')),
    version bigint not null check (version > 0)
);
create unique index customers_email_key on write.customers (lower(email));

create table write.customer_addresses (
    customer_id uuid primary key references write.customers,
    street text,
    city text,
    postal_code text,
    country text not null
);

create table write.products (
    product_id uuid primary key,
    sku text not null constraint products_sku_key unique,
    name text not null check (name <> ''),
    description text not null,
    vendor text,
    price numeric(16, 4) not null check (price >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    discontinued boolean not null,
    version bigint not null check (version > 0)
);

create table write.product_categories (
    product_id uuid not null references write.products,
    ordinal smallint not null,
    category text not null check (category <> ''),
    primary key (product_id, ordinal)
);
grant delete on write.product_categories to counterfoil_command;

create table write.stock (
    product_id uuid primary key references write.products,
    on_hand bigint not null constraint stock_not_oversold check (on_hand >= 0)
) with (fillfactor = 50);

create table write.orders (
    order_id uuid primary key,
    customer_id uuid references write.customers,
    reference text,
    status text not null check (status in ('PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    payment_method text not null check (payment_method in ('CARD', 'INVOICE', 'TRANSFER', 'UNKNOWN')),
    placed_at timestamptz not null,
    version bigint not null check (version > 0)
);
create index orders_customer on write.orders (customer_id);

create table write.order_addresses (
    order_id uuid not null references write.orders,
    kind text not null check (kind in ('SHIPPING', 'BILLING')),
    street text,
    city text,
    postal_code text,
    country text not null,
    primary key (order_id, kind)
);

create table write.order_items (
    order_id uuid not null references write.orders,
    line integer not null check (line > 0),
    product_id uuid not null references write.products,
    quantity bigint not null check (quantity > 0),
    returned bigint not null default 0,
    unit_price numeric(16, 4) not null check (unit_price >= 0),
    primary key (order_id, line),
    check (returned between 0 and quantity)
);

create table write.order_charges (
    order_id uuid not null references write.orders,
    line integer not null check (line > 0),
    code text not null,
    description text not null,
    amount numeric(16, 4) not null check (amount >= 0),
    primary key (order_id, line)
);

create table write.credit_notes (
    credit_note_id uuid primary key,
    reference text not null,
    customer_id uuid references write.customers,
    country text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    credited_at timestamptz not null,
    version bigint not null check (version > 0)
);

create table write.credit_note_items (
    credit_note_id uuid not null references write.credit_notes,
    line integer not null check (line > 0),
    product_id uuid references write.products,
    description text not null,
    quantity bigint not null check (quantity > 0),
    unit_price numeric(16, 4) not null check (unit_price >= 0),
    primary key (credit_note_id, line)
);
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
