"""This project's side of `benchmarks.search`: the command as a person types it, looked at.

A process runs `cli.py search` with the stack samples of `benchmarks.stack_sampling` in all its
processes. What it found is read from its SQLite file: while it runs (`study_watching.py`), for
when a loss was known, and afterwards.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.plain_space import PLAIN
from benchmarks.search_parts import Profile, read_profile
from benchmarks.search_results import Found, Trial, improvements
from benchmarks.search_tables import Table
from benchmarks.stack_sampling import install
from benchmarks.study_watching import KnownLoss, known, rows, watch
from storage.packing import unpack_epochs

ROOT = Path(__file__).resolve().parent.parent


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
    losses = watch(process, database, began)
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
        *(word for change in PLAIN for word in ("--set", change)),
        *("--storage", f"sqlite:///{database}", "--json"),
    ]


def _used_seconds() -> float:
    """Processor seconds of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _found(
    database: Path,
    losses: Sequence[KnownLoss],
    began: float,
    took: float,
    n_train_rows: int,
) -> Found:
    states = dict(rows(database, "select trial_id, state from trials"))
    params = _params(database)
    epochs = dict(
        rows(
            database,
            "select trial_id, count(*) from trial_intermediate_values group by trial_id",
        )
    )
    trained = _trained_rows(database, params)
    trials = tuple(
        Trial(
            params[trial],
            epochs.get(trial, 0),
            trained.get(trial, 0.0) / n_train_rows,
            states[trial] == "COMPLETE",
        )
        for trial in states
        if params.get(trial)
    )
    return Found(trials, improvements(known(database, losses, began)), took)


def _params(database: Path) -> dict[int, dict[str, Any]]:
    params: dict[int, dict[str, Any]] = {}
    query = "select trial_id, param_name, param_value, distribution_json from trial_params"
    for trial, name, value, text in rows(database, query):
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
    trained: dict[int, float] = {}
    for trial, run, data, n_epochs in rows(database, query):
        n_steps = unpack_epochs([(run, data, n_epochs)], {})[-1].step
        trained[trial] = max(trained.get(trial, 0.0), float(n_steps * params[trial]["batch_size"]))
    return trained
