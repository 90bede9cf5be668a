"""CPU time of processes, and which cores they run on."""

import contextlib
import os
import resource
from collections.abc import Iterator

import psutil  # type: ignore[import-untyped]


def own_cpu_s() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process and its children have used, with those of its children that have ended."""
    process = psutil.Process(pid)
    return sum(_used(each) for each in (process, *process.children(recursive=True)))


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def started_on(core: int | None) -> Iterator[None]:
    """What is started meanwhile runs on one core alone, the `core`-th of ours; on any where the system cannot do that.

    A machine with one core has nothing to divide.
    """
    if core is None or not hasattr(os, "sched_setaffinity") or cores() < 2:
        yield
        return
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(ours)[core % len(ours)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)
