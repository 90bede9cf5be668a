"""Where the commands of `python3 -m app` get their settings from, each importing what it needs."""

import asyncio
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.config import Settings
    from app.readiness import Side

DataDir = Annotated[Path, typer.Option(help="Folder for the data, the logs and the key of this installation.")]
DATA_DIR = Path(".data")


def settings(data_dir: Path) -> "Settings":
    """The environment's settings; what it leaves out comes from the `up` that runs on `data_dir`, if any."""
    from app.config import load_settings

    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _join_running(data_dir)
    return load_settings()


def service(data_dir: Path, *sides: "Side") -> "Settings":
    """The settings of a process that waits for its stores, however long they take, and says so in its log."""
    import structlog

    from app.logs import configure_logs
    from app.readiness import FOREVER, wait_for_sides

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_service)
    told = settings(data_dir)
    configure_logs(told.log_level, told.log_format)
    asyncio.run(wait_for_sides(told, *sides, patience=FOREVER, say=structlog.get_logger().warning))
    return told


def usable(data_dir: Path, *sides: "Side") -> "Settings":
    """The settings of a command that needs its stores now; raises `Problem` if they cannot be used."""
    from app.logs import configure_logs
    from app.readiness import wait_for_sides

    told = settings(data_dir)
    configure_logs("warning", told.log_format)
    asyncio.run(wait_for_sides(told, *sides))
    return told


def _join_running(data_dir: Path) -> None:
    from app.up.data_dir import Running

    if running := Running.read(data_dir):
        known = {"DATABASE_URL": running.database_url, "REDIS_URL": running.redis_url}
        os.environ.update({name: url for name, url in known.items() if not os.environ.get(name)})


def installation_key(data_dir: Path) -> str:
    """The key that `up` has made there."""
    from app.up.data_dir import installation_key

    return installation_key(data_dir)


def _end_service(number: int, frame: FrameType | None) -> None:
    """To a service a signal is the ordinary end."""
    del number, frame
    raise SystemExit(0)
