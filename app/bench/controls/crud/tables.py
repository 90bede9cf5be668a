"""The normalized tables of the CRUD control, in a schema of their own, and filling them with the shop's orders."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, MetaData, insert, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA = "crud"


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(schema=SCHEMA)
    type_annotation_map: ClassVar = {datetime: TIMESTAMP(timezone=True)}


class Customer(Base):
    """Who buys; `address_id` is where they live."""

    __tablename__ = "customers"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"))
    address: Mapped["Address"] = relationship(lazy="joined")


class Address(Base):
    """Where customers live."""

    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    street: Mapped[str]
    city: Mapped[str]
    postal_code: Mapped[str]
    country: Mapped[str]


class Product(Base):
    """What is sold."""

    __tablename__ = "products"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[Decimal]


class Stock(Base):
    """The pieces of a product that there are."""

    __tablename__ = "stock"
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), primary_key=True)
    on_hand: Mapped[int]
    product: Mapped[Product] = relationship(lazy="joined", innerjoin=True)


class Order(Base):
    """An order, with its lines and addresses."""

    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    status: Mapped[str]
    total: Mapped[Decimal]
    currency: Mapped[str]
    payment_method: Mapped[str]
    placed_at: Mapped[datetime]
    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)
    items: Mapped[list["OrderItem"]] = relationship(lazy="selectin", order_by="OrderItem.line")
    addresses: Mapped[list["OrderAddress"]] = relationship(lazy="selectin")


class OrderItem(Base):
    """A line of an order."""

    __tablename__ = "order_items"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    unit_price: Mapped[Decimal]
    product: Mapped[Product] = relationship(lazy="joined", innerjoin=True)


class OrderAddress(Base):
    """Where an order goes (`shipping`), and where its bill goes (`billing`)."""

    __tablename__ = "order_addresses"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    street: Mapped[str]
    city: Mapped[str]
    postal_code: Mapped[str]
    country: Mapped[str]


Rows = Mapping[type[Base], Sequence[Mapping[str, Any]]]
"""Rows to insert, in the order of their tables' references."""


async def fill(engine: AsyncEngine, rows: Rows) -> None:
    """Makes the tables anew, with these rows."""
    async with engine.begin() as connection:
        await connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))
        await connection.execute(text(f"create schema {SCHEMA}"))
        await connection.run_sync(Base.metadata.create_all)
        for table, values in rows.items():
            for part in _parts(values):
                await connection.execute(insert(table), part)
    async with engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("vacuum analyze"))


def _parts(values: Sequence[Mapping[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    return ([dict(each) for each in values[n : n + 1_000]] for n in range(0, len(values), 1_000))
