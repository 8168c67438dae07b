"""The sides of `benchmarks.quality`: this project by its commands, and peers by a script each.

* `answer`: `automl search --timeout BUDGET`, then `automl predict`;
* `untuned`: the same with `--n-trials 1`;
* with --checkout NAME=FOLDER, another checkout of this project: what a change is worth;
* `expert`: an expert's own search, of `benchmarks.search`;
* `boosted_trees`: scikit-learn's;
* with --peers FOLDER, AutoGluon's default preset (environment FOLDER/autogluon), RealMLP's and
  TabM's defaults (both in FOLDER/pytabkit), where they are.

A peer is a script in `peers/` that reads the rows, fits, and writes what it predicts; it knows
nothing of this project and runs in the environment of its library. Every side may use
the same cores and is told the same seconds, which searches hold to; one fit of defaults
(`boosted_trees`, `realmlp`, `tabm`) takes as long as it takes, less or more. Each is timed as a
whole process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.quality_tables import Table

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"

PREDICTION = "prediction"


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a side has told: a file for each thing that it offers, and the seconds it took."""

    files: Mapping[str, Path]
    seconds: float


@dataclass(frozen=True, slots=True)
class Ours:
    """This project, or another checkout of it.

    Attributes:
        name: what its figures are called by.
        checkout: the folder of its `cli.py`.
        python: the interpreter of its environment.
        limits: what the search is told of its length.
    """

    name: str
    limits: Sequence[str]
    checkout: Path = ROOT
    python: str = sys.executable

    @property
    def names(self) -> Sequence[str]:
        """Of what it offers."""
        return (self.name,)

    def run(self, table: Table, seed: int, folder: Path) -> Predicted:
        """Search, and predict the test rows by what is handed over."""
        began = time.monotonic()
        storage = ["--storage", f"sqlite:///{folder / 'automl.db'}"]
        search = ["search", str(table.train), "--target", table.target, "--task", table.task]
        search += [*self.limits, "--seed", str(seed), "--study", "quality", *storage, "--json"]
        self._call(search, folder)
        out = folder / "predictions.csv"
        self._call(["predict", "quality", str(table.test), "-o", str(out), *storage], folder)
        _as_told(out, table)
        return Predicted({self.name: out}, time.monotonic() - began)

    def _call(self, arguments: Sequence[str], folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(self.checkout)}
        command = [self.python, str(self.checkout / "cli.py"), *arguments]
        _run(command, folder, environment)


@dataclass(frozen=True, slots=True)
class Peer:
    """A script of `peers/`, by the interpreter that has its library."""

    name: str
    seconds: float
    python: str = sys.executable

    @property
    def names(self) -> Sequence[str]:
        """Of what it offers."""
        return (self.name,)

    def run(self, table: Table, seed: int, folder: Path) -> Predicted:
        """Fit, and predict the test rows."""
        began, out = time.monotonic(), folder / f"{self.name}.csv"
        script = PEERS / f"run_{self.name}.py"
        data = [str(table.train), str(table.test), table.target, table.task]
        command = [self.python, str(script), *data, f"{self.seconds:g}", str(out)]
        _run(command, folder, dict(os.environ))
        return Predicted({self.name: out}, time.monotonic() - began)


Side = Ours | Peer


def peers(folder: Path | None, seconds: float) -> list[Side]:
    """The peers that there are: those whose environment is FOLDER/NAME or that need none."""
    found: list[Side] = [Peer("expert", seconds), Peer("boosted_trees", seconds)]
    for name, environment in (
        ("autogluon", "autogluon"),
        ("realmlp", "pytabkit"),
        ("tabm", "pytabkit"),
    ):
        python = None if folder is None else folder / environment / "bin" / "python"
        if python is not None and python.exists():
            found.append(Peer(name, seconds, str(python)))
    return found


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{json.dumps(list(command))} failed:\n{done.stderr[-2000:]}")


def _as_told(path: Path, table: Table) -> None:
    """A file of `automl predict` in the form that peers write: no predicted class, plain names."""
    told = pd.read_csv(path)
    first, *others = told.columns
    if table.is_classes:
        told = told[others].rename(columns=lambda name: name.removeprefix("probability of "))
    else:
        told = told[[first]].rename(columns={first: PREDICTION})
    told.to_csv(path, index=False)
