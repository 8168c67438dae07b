"""What this process holds of the machine's memory, and giving back what it has freed (Linux)."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from pathlib import Path

STATM = Path("/proc/self/statm")


def resident_memory() -> int | None:
    """Bytes in memory that this process has used and not given back; None: nobody says."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def give_back_memory() -> None:
    """Return what was freed to the system, as far as whole pages are free."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    """`malloc_trim` of the GNU C library; elsewhere nothing is done."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda pad: None
    return trim
