"""A copy of the code, to be changed as a deployment would change it."""

import shutil
from pathlib import Path

from tests.support.installation import ROOT

SOURCES = ("app", "schema", "read_model", "write_model", "workers")


def copied(folder: Path, **changes: tuple[str, str]) -> Path:
    """The code in another folder, where in each file the first text is replaced by the second; `__` is a slash."""
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for name, (before, after) in changes.items():
        file = folder / f"{name.replace('__', '/')}.py"
        text = file.read_text()
        assert before in text, (file, before)
        file.write_text(text.replace(before, after))
    return folder
