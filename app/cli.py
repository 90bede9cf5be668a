"""The commands of `python3 -m app`: each imports what it needs, so that none waits for those of others."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli_settings import DATA_DIR, DataDir, installation_key, service, settings, usable
from app.environment import ROOT, explanation
from app.kernel.problem import Problem
from app.operating.cli import dead_letters
from app.operating.generations_cli import generations

if TYPE_CHECKING:
    from app.readiness import Side

commands = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=explanation().splitlines()[0],
)
commands.add_typer(dead_letters, name="dead-letters")
commands.add_typer(generations)


class Role(StrEnum):
    """What a token lets its bearer do."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    ADMIN = "admin"


@commands.command()
def up(
    port: Annotated[int, typer.Option(help="Port of the API.", min=1, max=65535, envvar="COUNTERFOIL_PORT")] = 8000,
    host: Annotated[str, typer.Option(help="Address of the API.", envvar="COUNTERFOIL_HOST")] = "127.0.0.1",
    data_dir: DataDir = DATA_DIR,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=64)] = 2,
    seed: Annotated[bool, typer.Option("--seed/--no-seed", help="Open a small shop to look at.")] = True,
) -> None:
    """Run everything on this machine: PostgreSQL, Redis, workers, the API and GraphiQL."""
    from app.up.supervisor import UpOptions, up

    raise SystemExit(up(UpOptions(data_dir=data_dir, host=host, port=port, workers=workers, seed=seed)))


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def test(context: typer.Context) -> None:
    """Run the test suite, two processes at work; further arguments go to pytest (`-n 0`: one process)."""
    os.chdir(ROOT)
    sys.stdout.flush()
    arguments = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *context.args]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


@commands.command()
def api(
    commands_only: Annotated[bool, typer.Option("--commands-only", help="Take mutations, answer no queries.")] = False,
    queries_only: Annotated[bool, typer.Option("--queries-only", help="Answer queries, take no mutations.")] = False,
    processes: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Run the API: commands and queries, or one side alone."""
    from app.api import serve

    if commands_only and queries_only:
        raise typer.BadParameter("--commands-only and --queries-only exclude each other.")
    sides: list[Side] = ["commands"] if commands_only else ["queries"] if queries_only else ["commands", "queries"]
    settings(data_dir).require_authentication()
    serve(service(data_dir, *sides), sides, processes)


@commands.command()
def worker(data_dir: DataDir = DATA_DIR) -> None:
    """Run one worker."""
    from workers.settings import run

    run(service(data_dir, "projections", "commands"))


@commands.command()
def migrate(
    wait: Annotated[float, typer.Option(help="How long to wait for PostgreSQL, in seconds.", min=0)] = 30,
    restored: Annotated[
        bool, typer.Option("--restored", help="A backup was restored: give the log a new id, so that no token fits.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Bring the database to the current schema."""
    from app.bootstrap import policies
    from app.migrations.migrate import migrate
    from app.readiness import reach_database, wait_for
    from app.registry import VIEWS

    told = settings(data_dir)
    url = told.database_url
    asyncio.run(wait_for(partial(reach_database, url), patience=wait, say=partial(print, file=sys.stderr, flush=True)))
    for step in asyncio.run(migrate(url, VIEWS, policies(told), restored=restored)):
        print(step)


@commands.command(hidden=True)
def seed(data_dir: DataDir = DATA_DIR) -> None:
    """Open a small shop to look at: `up` calls this, and the second time it changes nothing."""
    from app.seed import seed

    asyncio.run(seed(usable(data_dir, "commands")))


@commands.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False, data_dir: DataDir = DATA_DIR
) -> None:
    """Show how far every read model is behind the event log; ends with 1 if one is not being projected."""
    from rich.console import Console

    from app.status import read_status, show_status

    statuses = asyncio.run(read_status(usable(data_dir, "queries")))
    show_status(statuses, Console(), as_json=as_json)
    raise SystemExit(any(each.state in ("STALLED", "FAILING") for each in statuses))


@commands.command("export-schema")
def export_schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 if the file is old.")] = False,
) -> None:
    """Write the GraphQL schema to schema/schema.graphql, and say what breaks clients of the one before."""
    from app import schema_file

    if check:
        if not schema_file.is_current():
            sys.exit(f"{schema_file.FILE} is out of date. Write it anew: python3 -m app export-schema")
        return
    changes = schema_file.export()
    for kind, found in (("BREAKING", changes.breaking), ("dangerous", changes.dangerous)):
        for change in found:
            print(f"{kind}  {change}")
    print(f"Written: {schema_file.FILE}")


@commands.command("import")
def import_(
    kind: Annotated[Literal["online-retail"], typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file, compressed or not.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the account for machines.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Bring a data set in through the command bus; started again, it goes on where it was."""
    del kind
    import uvloop
    from rich.console import Console

    from app.online_retail.books import BookError
    from app.online_retail.command import ViewsStuck, import_online_retail, show

    console = Console(stderr=as_json)
    try:
        account = uvloop.run(import_online_retail(usable(data_dir, "commands", "queries"), file, console))
    except (BookError, ViewsStuck) as problem:
        sys.exit(str(problem))
    show(account, console, as_json=as_json)


@commands.command()
def bench(
    only: Annotated[
        str,
        typer.Option(
            help="Tables, with commas between them: reads, writes, projections, searching, feed, telemetry, plan."
        ),
    ] = "",
    seconds: Annotated[float, typer.Option(help="How long each measurement takes, in seconds.", min=0.1)] = 10,
    rate: Annotated[
        list[float] | None, typer.Option(help="Commands a second while the lag is measured; 200 and 500.", min=1)
    ] = None,
    events: Annotated[
        int, typer.Option(help="How long the log is from which a view is rebuilt.", min=10_000)
    ] = 1_000_000,
    plan: Annotated[bool, typer.Option("--plan", help="How reads scale, and the cores for a given load.")] = False,
    plot: Annotated[Path | None, typer.Option(dir_okay=False, help="Draw reads and writes into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Measure reads and writes beside controls, projections and their lag, and searches, on servers of its own."""
    import uvloop
    from rich.console import Console

    from app.bench.report import TABLES, Part, Wanted
    from app.bench.report import bench as measure
    from app.logs import configure_logs

    configure_logs("warning", "console")
    try:
        parts = [Part(name.strip()) for name in only.split(",")] if only else [] if plan else list(TABLES)
    except ValueError as error:
        raise typer.BadParameter(f"{error}. Choose from: {', '.join(Part)}.", param_hint="--only") from None
    if plot and Part.READS not in parts:
        raise typer.BadParameter("The plot shows reads, so measure them.", param_hint="--plot")
    wanted = Wanted(seconds, rate or (200.0, 500.0), [*parts, Part.PLAN] if plan else parts, events=events)
    uvloop.run(measure(Console(stderr=as_json), wanted, as_json=as_json, plot=plot))


@commands.command()
def token(
    role: Annotated[
        list[Role] | None, typer.Option(help="Repeat it for several; operator if neither is given.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Who it is for: a customer's id for the role customer.")] = "developer",
    scope: Annotated[list[str] | None, typer.Option(help="A part that it reaches, such as site:leeds.")] = None,
    hours: Annotated[float, typer.Option(help="How long it is valid.", min=0.01, max=24 * 366)] = 12,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Print an access token for development, signed with this installation's key."""
    from app.http.tokens import mint

    key = os.environ.get("COUNTERFOIL_JWT_KEY") or installation_key(data_dir)
    roles = role or ([] if scope else [Role.OPERATOR])
    print(mint(key, subject=subject, roles=roles, hours=hours, scopes=scope or ()))


def main(arguments: Sequence[str]) -> None:
    """Run one command; a `Problem` is shown in its own words."""
    signal.signal(signal.SIGTERM, _end)
    try:
        commands(args=list(arguments), prog_name="python3 -m app")
    except Problem as problem:
        sys.exit(str(problem))


def _end(number: int, frame: FrameType | None) -> None:
    """End on SIGTERM as after Ctrl-C: what is open is closed, and the first process of a container ends, too."""
    del frame
    raise SystemExit(128 + number)
