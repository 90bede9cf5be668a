"""How GraphiQL's files are made: with npm and esbuild, in a copy of the sources that nothing was made in yet."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.environment import ROOT
from app.infra.embedded import Servers
from app.infra.embedded.process import wait_until
from tests.support.installation import free_port, installation

ENSURE = "from app.web.assets import ensure_assets as ensure\nprint(ensure(lambda said: print(said, flush=True)))"
MADE = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing, so GraphiQL cannot be bundled")


class House:
    """A copy of the sources, with processes that make GraphiQL in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.web = root, root / "app" / "web"
        for package in ("app", "schema", "write_model", "read_model", "workers"):
            shutil.copytree(ROOT / package, root / package, ignore=MADE)
        self.running: list[subprocess.Popen[bytes]] = []

    def begin(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts Python here; what it says is in a file of its own."""
        with self._output(len(self.running)).open("wb") as output:
            told = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
            process = subprocess.Popen(
                [sys.executable, *command], cwd=self.root, env=told, stdout=output, stderr=output
            )
        self.running.append(process)
        return process

    def said(self, process: subprocess.Popen[bytes]) -> str:
        return self._output(self.running.index(process)).read_text()

    def ensure(self) -> list[str]:
        """What making GraphiQL says, the counting left out."""
        process = self.begin("-c", ENSURE)
        assert process.wait(200) == 0, self.said(process)
        return plainly(self.said(process))

    def manifest(self) -> str:
        return (self.web / "dist" / "manifest.json").read_text()

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()

    def _output(self, number: int) -> Path:
        return self.root / f"output-{number}"


def plainly(said: str) -> list[str]:
    """The lines but those that count."""
    return [line for line in said.splitlines() if not re.search(r"\d+ of \d+ packages", line)]


def children(pid: int) -> list[int]:
    """The processes that it started; none where there is no /proc."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.stop()


@needs_npm
def test_graphiql_is_made_once_whoever_is_killed_and_again_when_a_source_changes(house: House) -> None:
    killed = house.begin("-c", ENSURE)
    assert wait_until((house.web / "node_modules").exists, 60, pause=0.02), house.said(killed)
    steps = children(killed.pid)
    waiting = house.begin("-c", ENSURE)
    killed.send_signal(signal.SIGKILL)
    assert wait_until(lambda: "Fetching" in house.said(waiting), 60, pause=0.02), house.said(waiting)
    assert wait_until(lambda: not any(map(is_running, steps)), 1, pause=0.02), "two at once"
    assert waiting.wait(200) == 0, house.said(waiting)
    assert plainly(house.said(waiting)) == ["Fetching GraphiQL with npm (once)", "Bundling GraphiQL", "True"]

    assert house.ensure() == ["True"]
    made = house.manifest()
    with (house.web / "src" / "page.css").open("a") as style:
        style.write("\n.examples h3 { color: red }\n")
    assert house.ensure() == ["Bundling GraphiQL", "True"]
    assert house.manifest() != made
    assert sorted((house.web / "node_modules").glob(".dist*")) == []

    made = house.manifest()
    (house.web / "src" / "page.jsx").write_text("import nothing from './nowhere.js';")
    building, why, *reason, outcome = house.ensure()
    assert why == "GraphiQL is the one that was built before, since `node build.mjs` failed:"
    assert 'Could not resolve "./nowhere.js"' in "".join(reason)
    assert (building, outcome, house.manifest()) == ("Bundling GraphiQL", "True", made)


def test_the_lock_names_no_registry(house: House) -> None:
    assert "://" not in (house.web / "package-lock.json").read_text()


async def test_without_npm_up_says_that_graphiql_comes_from_the_network_and_so_it_does(
    house: House, servers: Servers, tmp_path: Path
) -> None:
    async with installation(servers, migrated=False) as made:
        port = free_port()
        up = house.begin(
            *(
                "-m",
                "app",
                "up",
                "--no-seed",
                "--workers",
                "1",
                "--port",
                str(port),
                "--data-dir",
                str(tmp_path / "data"),
            ),
            COUNTERFOIL_ENVIRONMENT="system",
            DATABASE_URL=made.database_url,
            REDIS_URL=made.redis_url,
            PATH=str(tmp_path),
        )
        assert wait_until(lambda: "Ctrl-C stops" in house.said(up) or up.poll() is not None, 90, pause=0.05)
        assert "GraphiQL will come from the network, since npm is not installed here" in house.said(up)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            page = await client.get("/graphql", headers={"Accept": "text/html"})
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0, house.said(up)
    assert "GraphiQL comes from the network" in (tmp_path / "data" / "logs" / "api.log").read_text()
    scripts = re.findall(r"<script\b[^>]*\bsrc=\"(https://[^\"]+)\"[^>]*>", page.text)
    assert (page.status_code, any("/graphiql" in script for script in scripts)) == (200, True)
    assert page.text.count("integrity=") >= len(scripts)
