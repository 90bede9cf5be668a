"""One shop for all tests of the GraphQL face, which tell their own rows from others' by name."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx
import pytest

from app.infra.embedded import Servers
from tests.schema.asking import complaints, written
from tests.support.installation import Installation, free_port, installation


@pytest.fixture(scope="package")
async def shop(servers: Servers) -> AsyncIterator[Installation]:
    """A seeded installation with an open API and two workers, each a process."""
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(2)
        await made.start_api()
        await _caught_up(made)
        yield made


async def _caught_up(shop: Installation) -> None:
    """Waits until the workers have started and projected what there is."""
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=shop.url) as client:
        states = {""}
        while states != {"FRESH"}:
            answer = await client.post("/graphql", json={"query": "{ projectionStatus { state } }"})
            states = {view["state"] for view in answer.json()["data"]["projectionStatus"]}


@pytest.fixture(scope="package")
async def closed(shop: Installation) -> Installation:
    """The same shop, through an API process that lets nobody in without a token."""
    door = replace(shop, port=free_port(), environment={"COUNTERFOIL_OPEN": "0"})
    await door.start_api()
    return door


@pytest.fixture(scope="package")
async def door(closed: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API that lets nobody in without a token."""
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="package")
async def http(shop: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the open API."""
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="package")
async def database(shop: Installation) -> AsyncIterator[asyncpg.Connection]:
    """The shop's database, as its owner sees it."""
    connection = await asyncpg.connect(shop.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def _nothing_written(shop: Installation, database: asyncpg.Connection) -> AsyncIterator[None]:
    """Fails a test that changed the write model, or that the API took for a fault of its own."""
    before, complained = await written(database), len(complaints(shop))
    yield
    assert await written(database) == before
    assert complaints(shop)[complained:] == []
