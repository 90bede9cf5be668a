"""An API process that serves one side alone says so to whoever asks for the other, and has no way to it."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import asyncpg

from tests.schema.asking import complaints
from tests.schema.live import socket
from tests.support.installation import ROOT, Installation, free_port

ADD = """mutation { addProduct(input: {sku: "T1", name: "Tea", price: {amount: "2.50", currency: "GBP"}}) {
    ... on CommandAccepted { aggregateId token } ... on CommandRejected { code message } } }"""
QUERIES = (
    'product(id: "product_01k00000000000000000000000") { __typename }',
    'customer(id: "customer_01k00000000000000000000000") { __typename }',
    'order(id: "order_01k00000000000000000000000") { __typename }',
    'node(id: "order_01k00000000000000000000000") { id }',
    "orders { totalCount }",
    "projectionStatus { view }",
    'commandStatus(commandId: "0191d5c8-0000-7000-8000-000000000001") { state }',
)
SUBSCRIPTIONS = (
    "projectionStatus { view }",
    'commandStatus(commandId: "0191d5c8-0000-7000-8000-000000000001") { state }',
    'orderChanged(id: "order_01k00000000000000000000000") { id }',
)


async def roles(shop: Installation) -> set[str]:
    """The roles of the sessions that processes have open to the database."""
    connection = await asyncpg.connect(shop.database_url)
    try:
        names = await connection.fetch(
            "select distinct application_name from pg_stat_activity "
            "where datname = current_database() and application_name like 'counterfoil_%'"
        )
        return {row[0] for row in names}
    finally:
        await connection.close()


async def test_commands_here_and_queries_there(bare: Installation) -> None:
    queries = replace(bare, port=free_port())
    taking = await bare.start_api("--commands-only")
    assert await roles(bare) == {"counterfoil_command"}
    receipt = (await bare.query(ADD))["addProduct"]
    await _no_queries(bare)
    await queries.start_api("--queries-only")
    assert await roles(bare) == {"counterfoil_command", "counterfoil_query"}
    taking.terminate()
    taking.wait(20)
    assert await roles(bare) == {"counterfoil_query"}
    assert (await queries.query(ADD))["addProduct"] == {
        "code": "COMMANDS_ELSEWHERE",
        "message": "This process answers queries only; send mutations to one that takes commands.",
    }
    bare.start_workers(1)
    text = "query ($id: ID!, $token: String) { product(id: $id, token: $token) { __typename } }"
    seen = {"id": receipt["aggregateId"], "token": receipt["token"]}
    async with asyncio.timeout(60):
        while (shown := await queries.query(text, **seen)) == {"product": {"__typename": "Processing"}}:
            pass
    assert shown == {"product": {"__typename": "Product"}}
    assert complaints(bare) == []


async def _no_queries(commands: Installation) -> None:
    for query in QUERIES:
        answer = await commands.ask(f"{{ {query} }}")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERIES_ELSEWHERE"], query
    async with socket(commands.url) as live:
        await live.init()
        for subscription in SUBSCRIPTIONS:
            await live.subscribe(f"subscription {{ {subscription} }}")
            answer = await live.next()
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERIES_ELSEWHERE"], subscription
            assert (await live.receive())["type"] == "complete"


def test_no_process_can_serve_neither_side() -> None:
    command = [sys.executable, "-m", "app", "api", "--commands-only", "--queries-only"]
    environment = os.environ | {"COUNTERFOIL_ENVIRONMENT": "system"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "exclude each other" in " ".join(ended.stderr.split())
