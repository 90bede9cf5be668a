"""A revision's SQL, taken apart into statements: asyncpg prepares one at a time."""

from collections.abc import Iterator


def statements(script: str) -> Iterator[str]:
    """Splits at the lines that end in a semicolon, outside of `$$` bodies."""
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if line.rstrip().endswith(";") and "\n".join(lines).count("$$") % 2 == 0:
            yield "\n".join(lines)
            lines = []
