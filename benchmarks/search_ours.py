"""This project's side of `benchmarks.search`: the command as a person types it, looked at.

A process runs `cli.py search` with the stack samples of `benchmarks.stack_sampling` in all its
processes. What it found is read from its SQLite file: while it runs, for when a loss was known,
and afterwards. The database writes what is new about once a second: by so much a loss may be
known sooner than it is counted here, but for those of ended trials, whose times are exact.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.search_parts import Profile, read_profile
from benchmarks.search_results import Found, Trial, improvements
from benchmarks.search_tables import Table
from benchmarks.stack_sampling import install
from storage.packing import unpack_epochs

ROOT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.2
_NEW_LOSSES = (
    "select trial_intermediate_value_id, trial_id, intermediate_value "
    "from trial_intermediate_values where trial_intermediate_value_id > ?"
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a search may take: seconds of the whole command, and trials."""

    seconds: float
    n_trials: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Searched:
    """What one search has found, where the cores' time went, and what it says of its answer."""

    found: Found
    profile: Profile
    headline: str


def search(table: Table, effort: Effort, seed: int, folder: Path) -> Searched:
    """Run one search of a table."""
    samples = folder / "samples"
    samples.mkdir(parents=True)
    database = folder / "studies.db"
    began, used_before = time.time(), _used_seconds()
    process = subprocess.Popen(
        _command(table, effort, seed, database),
        cwd=folder,
        env={**os.environ, **install(samples, ROOT)},
        stdout=(folder / "output.json").open("w"),
        stderr=(folder / "messages.txt").open("w"),
    )
    losses = _watch(process, database, began)
    took = time.time() - began
    if process.returncode:
        how = f"exit code {process.returncode}"
        raise RuntimeError(
            f"the search failed with {how}:\n{(folder / 'messages.txt').read_text()}"
        )
    n_cores = len(os.sched_getaffinity(0))
    headline = json.loads((folder / "output.json").read_text())["headline"][0]
    profile = read_profile(samples, began, took, _used_seconds() - used_before, n_cores)
    found = _found(database, losses, began, took, table.n_rows("train"))
    return Searched(found, profile, headline)


def _command(table: Table, effort: Effort, seed: int, database: Path) -> Sequence[str]:
    return [
        *(sys.executable, str(ROOT / "cli.py"), "search", str(table.path("train"))),
        *("--valid", str(table.path("valid")), "--test", str(table.path("test"))),
        *("--target", table.target, "--task", table.task),
        *("--timeout", f"{effort.seconds:g}s", "--n-trials", str(effort.n_trials)),
        *("--seed", str(seed)),
        *("--storage", f"sqlite:///{database}", "--json"),
    ]


def _used_seconds() -> float:
    """Processor seconds of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(
    process: subprocess.Popen[bytes], database: Path, began: float
) -> list[tuple[float, int, float]]:
    """When which trial's which loss was in the database, until the process has ended."""
    losses: list[tuple[float, int, float]] = []
    last = 0
    while True:
        has_ended = process.poll() is not None
        rows = _rows(database, _NEW_LOSSES, (last,))
        losses += [(time.time() - began, trial, loss) for _, trial, loss in rows if loss]
        last = max((row[0] for row in rows), default=last)
        if has_ended:
            return losses
        time.sleep(POLL_SECONDS)


def _rows(database: Path, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
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


def _found(
    database: Path,
    losses: Sequence[tuple[float, int, float]],
    began: float,
    took: float,
    n_train_rows: int,
) -> Found:
    ended: dict[int, float] = {}
    states: dict[int, str] = {}
    for trial, state, at in _rows(
        database, "select trial_id, state, datetime_complete from trials"
    ):
        states[trial] = state
        if at is not None:
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            ended[trial] = moment.timestamp() - began
    params = _params(database)
    epochs = dict(
        _rows(
            database,
            "select trial_id, count(*) from trial_intermediate_values group by trial_id",
        )
    )
    rows = _trained_rows(database, params)
    trials = tuple(
        Trial(
            params[trial],
            epochs.get(trial, 0),
            rows.get(trial, 0.0) / n_train_rows,
            states[trial] == "COMPLETE",
        )
        for trial in states
        if params.get(trial)
    )
    known = [(min(at, ended.get(trial, math.inf)), loss) for at, trial, loss in losses]
    return Found(trials, improvements(known), took)


def _params(database: Path) -> dict[int, dict[str, Any]]:
    params: dict[int, dict[str, Any]] = {}
    query = "select trial_id, param_name, param_value, distribution_json from trial_params"
    for trial, name, value, text in _rows(database, query):
        choices = json.loads(text)["attributes"].get("choices")
        params.setdefault(trial, {})[name] = value if choices is None else choices[int(value)]
    return params


def _trained_rows(database: Path, params: Mapping[int, Mapping[str, Any]]) -> Mapping[int, float]:
    """Rows that each trial's updates have seen, from the steps done at its last epoch."""
    query = (
        "select trials.trial_id, automl_epochs.run_id, data, n_epochs from automl_epochs "
        "join automl_runs using (run_id) join trials on trials.number = trial_number "
        "and trials.study_id = automl_runs.study_id where purpose = 'search'"
    )
    rows: dict[int, float] = {}
    for trial, run, data, n_epochs in _rows(database, query):
        n_steps = unpack_epochs([(run, data, n_epochs)], {})[-1].step
        rows[trial] = max(rows.get(trial, 0.0), float(n_steps * params[trial]["batch_size"]))
    return rows
