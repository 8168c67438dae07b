"""What this machine lets this process use: cores and memory, containers' limits included.

Linux says so in /proc and /sys; elsewhere the machine's totals are taken.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Literal

PROC = Path("/proc")
SYSTEM = Path("/sys")
CGROUP = SYSTEM / "fs/cgroup"


def available_cores() -> int:
    """How many physical cores this process may use: one worker each.

    Two hardware threads of a core share its arithmetic units, so that a second training on
    it gains little.
    """
    if hasattr(os, "sched_getaffinity"):
        n_cores = len({_siblings(cpu) for cpu in os.sched_getaffinity(0)})
    else:
        n_cores = os.cpu_count() or 1
    return max(1, min(n_cores, _cgroup_cores()))


def needs_processes(workers: int | Literal["auto"], *, is_limited: bool) -> bool:
    """Whether training needs processes of its own: for several cores, or to be ended by force.

    Args:
        workers: how many; "auto" for one per core.
        is_limited: whether a round that takes too long, or too much memory, must be ended.
    """
    n_workers = available_cores() if workers == "auto" else workers
    return n_workers != 1 or is_limited


def _siblings(cpu: int) -> str:
    """What names the core of a logical CPU: the hardware threads it has."""
    path = SYSTEM / f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
    return _read(path) or str(cpu)


def _cgroup_cores() -> int:
    """Cores that the container's quota amounts to, rounded up; no limit without a quota."""
    quota, period = _read(CGROUP / "cpu/cpu.cfs_quota_us"), _read(CGROUP / "cpu/cpu.cfs_period_us")
    if limit := _read(CGROUP / "cpu.max"):
        quota, period = limit.split()
    if not period or not quota or quota in ("max", "-1"):
        return 1_000_000
    return max(1, math.ceil(int(quota) / int(period)))


def available_memory() -> int | None:
    """Bytes that can be used without swapping or hitting a container's limit.

    Returns:
        None where the system does not say.
    """
    known = [n_bytes for n_bytes in (_free_memory(), _cgroup_memory()) if n_bytes is not None]
    return min(known, default=None)


def total_memory() -> int | None:
    """Bytes that the machine has, or the container may have, whoever uses them now.

    Returns:
        None where the system does not say.
    """
    limits = [_read(CGROUP / name) for name in ("memory.max", "memory/memory.limit_in_bytes")]
    known = [int(text) for text in limits if text.isdigit()]
    try:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        pass
    return min(known, default=None)


def _free_memory() -> int | None:
    for line in _read(PROC / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _cgroup_memory() -> int | None:
    """What is left of the container's memory, by version 2 or 1 of control groups."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        limit_text, used_text = _read(CGROUP / limit), _read(CGROUP / used)
        if limit_text.isdigit() and used_text.isdigit():
            return max(0, int(limit_text) - int(used_text))
    return None


def private_memory() -> int | None:
    """Bytes of private, writable memory that this process has asked for (Linux)."""
    for line in _read(PROC / "self/status").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return None


def _read(path: Path) -> str:
    """A file's text, or "" where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
