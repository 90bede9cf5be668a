"""`rebuild`, `rollback` and `prune` as their user meets them: what they print and how they end, with real workers."""

import json
import subprocess
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.infra.embedded import Servers
from tests.support.installation import Installation, installation
from tests.support.replay import until_caught_up

PROGRESS = """query { rebuildProgress { view generation state onlyChecked comparison { different rows
  differences { store key columns } } } }"""
GENERATIONS = """query { projectionStatus(view: "customer_profile") { generation generations { generation state } } }"""


@pytest.fixture(scope="module")
async def attended(servers: Servers) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(1)
        await made.start_api()
        await until_caught_up(made)
        yield made


def run(made: Installation, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = made.start(*arguments)
    status = process.wait(60)
    return subprocess.CompletedProcess(arguments, status, made.last_log(arguments[0]))


async def test_a_view_is_rebuilt_compared_rolled_back_and_kept_from_pruning(attended: Installation) -> None:
    rebuilt = run(attended, "rebuild", "customer_profile")
    assert rebuilt.returncode == 0, rebuilt.stdout
    assert "customer_profile: generation 2 is live" in rebuilt.stdout
    assert "documents compared, no difference" in rebuilt.stdout
    back = run(attended, "rollback", "customer_profile")
    assert (back.returncode, back.stdout.strip()) == (0, "customer_profile: generation 1 is switched to")
    pruned = run(attended, "prune", "customer_profile", "sales")
    assert pruned.returncode == 1
    assert pruned.stdout.splitlines() == [
        "customer_profile: what is kept was live until less than 60 s ago; ask again then",
        "sales: nothing is kept",
    ]


async def test_differences_are_named_and_nothing_is_switched_to(attended: Installation) -> None:
    connection = await asyncpg.connect(attended.database_url)
    try:
        live = await connection.fetchval(
            "select generation from read.generations where view = 'sales' and state = 'LIVE'"
        )
        await connection.execute(
            f"update read.sales__{live} set orders = orders + 1 where ctid in "
            f"(select ctid from read.sales__{live} limit 1)"
        )
    finally:
        await connection.close()
    checked = run(attended, "rebuild", "sales", "--check", "--json")
    assert checked.returncode == 1, checked.stdout
    (told,) = json.loads(checked.stdout[checked.stdout.index("[\n") :])
    assert (told["view"], told["state"], told["comparison"]["different"]) == ("sales", "READY", 1)
    assert told["comparison"]["differences"][0]["columns"] == ["orders"]
    shown = (await attended.query(PROGRESS, headers=attended.bearer("operator")))["rebuildProgress"]
    assert [(each["view"], each["onlyChecked"], each["comparison"]["different"]) for each in shown] == [
        ("sales", True, 1)
    ]
    dropped = run(attended, "prune", "sales")
    assert dropped.stdout.strip() == f"sales: generations {told['generation']} are dropped"


async def test_the_generations_of_a_view_are_told(attended: Installation) -> None:
    (status,) = (await attended.query(GENERATIONS, headers=attended.bearer("operator")))["projectionStatus"]
    live = [each["generation"] for each in status["generations"] if each["state"] == "LIVE"]
    assert live == [status["generation"]]


@pytest.mark.parametrize(
    ("arguments", "words"), [((), "--all"), (("sells",), "There is no sells"), (("sales", "--all"), "--all")]
)
async def test_who_names_no_view_is_told_so(attended: Installation, arguments: tuple[str, ...], words: str) -> None:
    refused = run(attended, "rebuild", *arguments)
    assert refused.returncode == 2
    assert words in refused.stdout


async def test_without_a_worker_the_wish_stands_and_that_is_said(bare: Installation) -> None:
    await bare.seed()
    asked = run(bare, "rebuild", "sales")
    assert asked.returncode == 1
    assert "no worker has heard of it" in asked.stdout
