"""The account: what became of every line."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group
from rich.table import Table

from app.online_retail.kinds import Kind
from app.online_retail.plan import Plan, Refused


@dataclass(frozen=True, slots=True)
class Account:
    """How many lines became what; `resumed` of the `commands` had been accepted by an earlier run."""

    lines: dict[Kind, int]
    refused: tuple[Refused, ...]
    commands: int
    resumed: int

    @property
    def total(self) -> int:
        """All lines of the books, each counted once."""
        return sum(self.lines.values())

    def as_json(self) -> dict[str, Any]:
        """The account as plain values, for `--json`."""
        return {
            "lines": {kind.name.lower(): count for kind, count in self.lines.items()},
            "total": self.total,
            "commands": self.commands,
            "resumed": self.resumed,
            "refused": [asdict(refused) for refused in self.refused],
        }

    def table(self) -> Group:
        """The account as tables for the terminal; that of the refusals only when there are any."""
        return Group(_kinds(self), *([_refusals(self.refused)] if self.refused else []))


def account(plan: Plan, refused_commands: Sequence[Refused], resumed: int) -> Account:
    """Settles the account; a line is refused when any command that carries it was."""
    refused = (*plan.refused, *refused_commands)
    kinds = plan.kinds | dict.fromkeys((line for entry in refused for line in entry.lines), Kind.REFUSED)
    counts = Counter(kinds.values())
    return Account({kind: counts[kind] for kind in Kind}, refused, len(plan.steps), resumed)


def _kinds(account: Account) -> Table:
    table = Table(title="What became of the lines", show_footer=True)
    table.add_column("Lines", footer=f"{account.total:,}", justify="right")
    table.add_column("Kind", footer="all lines")
    table.add_column("Became", footer=f"{account.commands:,} commands, {account.resumed:,} of them earlier")
    for kind, count in account.lines.items():
        table.add_row(f"{count:,}", kind.value, kind.became)
    return table


def _refusals(refused: Sequence[Refused]) -> Table:
    by_code: dict[str, list[Refused]] = defaultdict(list)
    for entry in refused:
        by_code[entry.code].append(entry)
    table = Table("Lines", "Commands", "Refused with", "The first of them", title="What was refused")
    for code, entries in by_code.items():
        first = entries[0]
        lines = {line for entry in entries for line in entry.lines}
        table.add_row(f"{len(lines):,}", f"{len(entries):,}", code, f"{first.key}: {first.message}")
    return table
