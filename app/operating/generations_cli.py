"""The commands of `python3 -m app` that build views anew, go back, and drop what is kept."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli_settings import DATA_DIR, DataDir, usable

if TYPE_CHECKING:
    from write_model.operations.commands import Operation

generations = typer.Typer()

Views = Annotated[list[str] | None, typer.Argument(help="Views, as `status` names them.")]
All = Annotated[bool, typer.Option("--all", help="Every view.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@generations.command()
def rebuild(
    view: Views = None,
    all_: All = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with what is live, do not switch; end with 1 if they differ.")
    ] = False,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Build views anew from the log beside those that serve, and switch to them: queries go on meanwhile."""
    from rich.console import Console

    from app.operating.rebuilding import begin, follow, show

    chosen, settings = _chosen(view, all_), usable(data_dir, "commands", "queries")
    begun = asyncio.run(begin(settings, chosen, check=check))
    console = Console(stderr=as_json)
    try:
        rebuilt = asyncio.run(follow(settings, begun, console))
    except KeyboardInterrupt:
        sys.exit("Followed no longer. Workers go on with it; the same command follows again.")
    show(rebuilt, console, as_json=as_json)
    raise SystemExit(check and any(each.comparison is None or each.comparison.different for each in rebuilt))


@generations.command()
def rollback(
    view: Annotated[str, typer.Argument(help="The view, as `status` names it.")], data_dir: DataDir = DATA_DIR
) -> None:
    """Switch a view back to the generation that was live before; it has been kept up to date."""
    from app.kernel.clock import now
    from write_model.operations.commands import RollBackView

    _ask(data_dir, [RollBackView(at=now(), consumer=view)])


@generations.command()
def prune(view: Views = None, all_: All = False, data_dir: DataDir = DATA_DIR) -> None:
    """Drop what is kept of views for going back, which costs a second writing of every event."""
    from app.kernel.clock import now
    from write_model.operations.commands import PruneView

    _ask(data_dir, [PruneView(at=now(), consumer=each) for each in _chosen(view, all_)])


def _ask(data_dir: DataDir, operations: "list[Operation]") -> None:
    from app.operating.asking import ask_all

    outcomes = asyncio.run(ask_all(usable(data_dir, "commands", "queries"), operations))
    for operation, outcome in zip(operations, outcomes, strict=True):
        print(f"{operation.consumer}: {outcome.words}")
    raise SystemExit(any(outcome.failed for outcome in outcomes))


def _chosen(views: list[str] | None, all_: bool) -> list[str]:
    from app.registry import VIEWS

    known = [view.name for view in VIEWS]
    if bool(views) == all_:
        raise typer.BadParameter("Name views, or say --all.", param_hint="VIEW")
    if unknown := [name for name in views or () if name not in known]:
        raise typer.BadParameter(f"There is no {unknown[0]}. Views are {', '.join(sorted(known))}.", param_hint="VIEW")
    return known if all_ else list(dict.fromkeys(views or ()))
