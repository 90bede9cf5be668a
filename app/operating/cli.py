"""The commands of `python3 -m app dead-letters`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli_settings import DATA_DIR, DataDir, usable

if TYPE_CHECKING:
    from write_model.operations.commands import Operation

dead_letters = typer.Typer(
    invoke_without_command=True,
    help="What views and policies could not apply: list it, try it again, or do without it.",
)

Consumer = Annotated[str, typer.Argument(help="The view or policy, as `status` names it.")]


@dead_letters.callback()
def list_(
    context: typer.Context,
    consumer: Annotated[str | None, typer.Option(help="Only what this view or policy has parked.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """List what is parked. Ends with 1 if there is anything."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from app.operating.dead_letters import read, show

    causes = asyncio.run(read(usable(data_dir, "queries"), consumer))
    show(causes, Console(), as_json=as_json)
    raise SystemExit(bool(causes))


@dead_letters.command()
def retry(
    consumer: Consumer,
    aggregate: Annotated[str | None, typer.Option(help="Only what is parked of this id, such as order_01k….")] = None,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Apply what is parked, in order, up to what still cannot be applied."""
    from app.kernel.clock import now
    from app.kernel.errors import MalformedId
    from schema.operations.mutations import any_id
    from write_model.operations.commands import RetryDeadLetters

    try:
        kind, sequence = any_id(aggregate) if aggregate else (None, None)
    except MalformedId as malformed:
        raise typer.BadParameter(malformed.message, param_hint="--aggregate") from None
    _ask(data_dir, RetryDeadLetters(at=now(), consumer=consumer, sequence=sequence, sequence_type=kind))


@dead_letters.command()
def discard(
    consumer: Consumer,
    position: Annotated[int, typer.Argument(help="Where the event is in the log.", min=1)],
    reason: Annotated[str, typer.Option(help="Why it can be done without; it stays on record.")],
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Do without one parked event for ever, and apply what is behind it."""
    from app.kernel.clock import now
    from write_model.operations.commands import DiscardDeadLetter

    _ask(data_dir, DiscardDeadLetter(at=now(), consumer=consumer, position=position, reason=reason))


def _ask(data_dir: DataDir, operation: "Operation") -> None:
    from app.operating.asking import ask

    print(asyncio.run(ask(usable(data_dir, "commands", "queries"), operation)))
