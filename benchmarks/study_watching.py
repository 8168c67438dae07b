"""A search of the command line, watched from outside: when which loss was in its SQLite file.

The database writes what is new about once a second: by so much a loss may be known sooner than it
is counted here, but for those of ended trials, whose times are exact.
"""

from __future__ import annotations

import math
import sqlite3
import subprocess
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.2
_NEW_LOSSES = (
    "select trial_intermediate_value_id, trial_id, intermediate_value "
    "from trial_intermediate_values where trial_intermediate_value_id > ?"
)

KnownLoss = tuple[float, int, float]
"""Seconds since the command, a trial's id, the loss of one of its epochs."""


def watch(process: subprocess.Popen[bytes], database: Path, began: float) -> list[KnownLoss]:
    """When which trial's which loss was in the database, until the process has ended."""
    losses: list[KnownLoss] = []
    last = 0
    while True:
        has_ended = process.poll() is not None
        found = rows(database, _NEW_LOSSES, (last,))
        at = time.time() - began
        losses += [(at, trial, loss) for _, trial, loss in found if loss is not None]
        last = max((row[0] for row in found), default=last)
        if has_ended:
            return losses
        time.sleep(POLL_SECONDS)


def rows(database: Path, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Read only; nothing where file or table are not there yet."""
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return []
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def ended(database: Path, began: float) -> dict[int, float]:
    """When each trial ended, in seconds since the command; not those that have not."""
    query = "select trial_id, datetime_complete from trials where datetime_complete is not null"
    return {
        trial: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() - began
        for trial, at in rows(database, query)
    }


def known(database: Path, losses: Iterable[KnownLoss], began: float) -> list[tuple[float, float]]:
    """Losses that were watched, with the seconds when they were known."""
    ends = ended(database, began)
    return [(min(at, ends.get(trial, math.inf)), loss) for at, trial, loss in losses]
