"""The user under which the servers run: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.infra.embedded.process import ServerProblem


@dataclass(frozen=True)
class ServerUser:
    """A user by numbers; `switch` is false if it is the one that we are already."""

    uid: int
    gid: int
    switch: bool

    @property
    def switch_to(self) -> tuple[int, int] | None:
        """The uid and gid to switch to, if that is needed."""
        return (self.uid, self.gid) if self.switch else None

    def run(self, *command: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user, from the root folder; `OSError` if it cannot be reached."""
        return subprocess.run(
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this user can get into a folder, through all those above it."""
        return not self.switch or self.run("/bin/sh", "-c", 'cd -- "$0"', directory).returncode == 0

    def can_execute(self, program: Path) -> bool:
        """Whether this user can start a program, which is asked for its version."""
        try:
            return self.run(program, "--version").returncode == 0
        except OSError:
            return False

    def make_own(self, directory: Path) -> None:
        """Create a folder that only this user can enter, or make an existing one such."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.switch:
            os.chown(directory, self.uid, self.gid)
        directory.chmod(0o700)


def server_user(cluster: Path) -> ServerUser:
    """Ourselves; but as root the owner of an existing cluster, else `postgres`, else `nobody`."""
    ours = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else None
    if ours != 0:
        if owner not in (None, ours):
            raise ServerProblem(
                f"{cluster} was made by another user ({_name(owner)}). "
                "Start as that user or as root, or choose another --data-dir."
            )
        return ServerUser(ours, os.getegid(), switch=False)
    if owner:
        return _switch_to(pwd.getpwuid(owner))
    for name in ("postgres", "nobody"):
        try:
            return _switch_to(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ServerProblem(
        "PostgreSQL does not run as root, and there is no user named postgres or nobody. Start as an ordinary user."
    )


def _switch_to(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_uid, entry.pw_gid, switch=True)


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"number {uid}"
