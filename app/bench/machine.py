"""What the figures were measured on."""

import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis.asyncio as aioredis

from app.bench.cpu import cores
from app.bench.rig import Rig

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, what runs on it, and the commit that is measured, where git knows it."""

    processor: str
    cores: int
    python: str
    postgresql: str
    redis: str
    commit: str | None

    @property
    def words(self) -> str:
        """In one line."""
        commit = f", commit {self.commit}" if self.commit else ""
        stores = f"PostgreSQL {self.postgresql}, {self.redis}"
        return f"{self.processor}, {self.cores} cores, Python {self.python}, {stores}{commit}"

    def for_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


async def machine(rig: Rig) -> Machine:
    """This machine, with the servers of the rig."""
    async with aioredis.Redis.from_url(rig.places.redis_url) as redis:
        told = await redis.info("server")
    kind = "Valkey" if "valkey_version" in told else "Redis"
    return Machine(
        processor=_processor(),
        cores=cores(),
        python=platform.python_version(),
        postgresql=(await rig.reads.pool.fetchval("show server_version")).split()[0],
        redis=f"{kind} {told.get('valkey_version', told['redis_version'])}",
        commit=_commit(),
    )


def _processor() -> str:
    """The model where Linux tells it, else the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _commit() -> str | None:
    """The commit that is checked out, with a `+` where files differ from it."""
    try:
        asked = ["git", "describe", "--always", "--abbrev=10", "--dirty=+", "--exclude=*"]
        done = subprocess.run(asked, cwd=_ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
