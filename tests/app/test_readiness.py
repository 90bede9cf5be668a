"""Processes that begin before their stores: they wait, or say in words what is missing."""

import asyncio
import signal
import subprocess

import pytest

from app.bootstrap import policies
from app.infra.embedded import Servers
from app.migrations.migrate import migrate
from app.readiness import StoreProblem, place, reach_database, reach_redis, wait_for
from app.registry import VIEWS
from tests.support.installation import Installation, database_named, installation

UNMIGRATED = "has not this version's schema yet: run `python3 -m app migrate`"
NOWHERE = "postgresql://me:secret@127.0.0.1:1/shop"


async def until_logged(made: Installation, command: str, words: str) -> None:
    waiting = made.processes[-1]
    while words not in made.log_of(command):
        assert waiting.poll() is None, made.log_of(command)
        await asyncio.sleep(0.02)


def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


async def test_services_wait_for_the_migration_and_then_serve(servers: Servers) -> None:
    async with installation(servers, migrated=False) as made:
        worker = made.start("worker")
        api = made.start("api")
        await until_logged(made, "api", UNMIGRATED)
        await until_logged(made, "worker", UNMIGRATED)
        await migrate(made.database_url, VIEWS, policies(made.settings))
        await made.seed()
        while not await is_fresh(made):  # noqa: ASYNC110 - other processes do the work
            await asyncio.sleep(0.05)
        assert [ended(process) for process in (api, worker)] == [0, 0]
        assert "Traceback" not in made.log_of("api") + made.log_of("worker")


async def is_fresh(made: Installation) -> bool:
    status = made.start("status")
    return await asyncio.to_thread(status.wait) == 0 and "FRESH" in made.log_of("status")


@pytest.mark.parametrize("command", ["api", "worker"])
async def test_a_service_that_waits_for_postgres_ends_when_it_is_told_to(servers: Servers, command: str) -> None:
    async with installation(servers, migrated=False) as made:
        process = made.start(command, DATABASE_URL=NOWHERE)
        await until_logged(made, command, "cannot be reached (connection refused)")
        assert ended(process) == 0
        assert "secret" not in made.log_of(command)
        assert "Traceback" not in made.log_of(command)


async def test_migrate_waits_for_postgres_as_long_as_it_is_told_to(servers: Servers) -> None:
    async with installation(servers, migrated=False) as made:
        hurried = made.start("migrate", "--wait", "0", DATABASE_URL=NOWHERE)
        assert await asyncio.to_thread(hurried.wait) == 1
        assert "Start it, or correct DATABASE_URL." in made.log_of("migrate")
        patient = made.start("migrate", DATABASE_URL=NOWHERE)
        await until_logged(made, "migrate", "Waiting for it.")
        patient.send_signal(signal.SIGTERM)
        assert patient.wait(30) == 128 + signal.SIGTERM
        assert "Traceback" not in made.log_of("migrate")


@pytest.mark.parametrize("command", ["status", "seed"])
async def test_a_command_on_an_unmigrated_database_says_what_to_run(servers: Servers, command: str) -> None:
    async with installation(servers, migrated=False) as made:
        assert await asyncio.to_thread(made.start(command).wait) == 1
        assert UNMIGRATED in made.log_of(command)
        assert "Traceback" not in made.log_of(command)


async def test_a_database_that_is_not_there_is_not_waited_for(servers: Servers) -> None:
    async with installation(servers) as made:
        service = made.start("api", DATABASE_URL=database_named(servers.database_url, "no_such_database"))
        assert await asyncio.to_thread(service.wait) == 1
        assert 'database "no_such_database" does not exist. Check DATABASE_URL.' in made.log_of("api")


async def test_what_waiting_cannot_help_is_raised_at_once() -> None:
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        raise StoreProblem("the wrong password", may_pass=False)

    with pytest.raises(StoreProblem):
        await wait_for(attempt, patience=60, say=print)
    assert tries == 1


async def test_what_is_waited_for_is_said_once() -> None:
    answers = iter([True, True, True, False])
    said: list[str] = []

    async def attempt() -> None:
        if next(answers):
            raise StoreProblem("not yet.", may_pass=True)

    await wait_for(attempt, patience=60, say=said.append)
    assert said == ["not yet. Waiting for it."]


async def test_a_malformed_address_is_not_waited_for() -> None:
    with pytest.raises(StoreProblem) as raised:
        await reach_database("postgresql://127.0.0.1:port/shop")
    assert not raised.value.may_pass


async def test_a_redis_that_is_there_is_reached(servers: Servers) -> None:
    await reach_redis(servers.redis_url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/shop", "db:5432/shop"),
        ("postgresql://postgres@/shop?host=/run/sockets", "/run/sockets/shop"),
        ("redis://:secret@cache/0", "cache/0"),
        ("unix:///run/redis.sock?password=secret", "/run/redis.sock"),
    ],
)
def test_a_place_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert place(url) == shown
