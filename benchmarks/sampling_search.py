"""One search of `benchmarks.sampling`: the command as a person types it, in a process of its own.

Nothing is scored against references, and no report is written; the rows are divided once. What
was found is read from the study: watched while time counts, in the virtual order where epochs do.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.search_results import improvements
from benchmarks.study_watching import known, rows, watch

ROOT = Path(__file__).resolve().parent.parent

_IN_ORDER = (
    "select intermediate_value from trial_intermediate_values order by trial_intermediate_value_id"
)


@dataclass(frozen=True, slots=True)
class Data:
    """A table: a file, or one that scikit-learn brings, by name."""

    path: Path | None
    sklearn: str = ""
    target: str = ""

    @property
    def name(self) -> str:
        """As people say it."""
        return self.sklearn if self.path is None else self.path.name.partition(".")[0]

    def with_target(self, target: str) -> Data:
        """The same, of which another column is predicted; "": what it has."""
        return replace(self, target=target or self.target)

    @property
    def arguments(self) -> list[str]:
        """What the command is told of it."""
        if self.path is None:
            return [f"sklearn:{self.sklearn}"]
        target = self.target or str(pd.read_csv(self.path, nrows=1).columns[-1])
        return [str(self.path), "--target", target]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a search may take: seconds of the whole command, or epochs of all trials."""

    limit: float
    in_epochs: bool = False
    n_workers: int = 2

    @property
    def unit(self) -> str:
        """What is limited."""
        return "epochs" if self.in_epochs else "s"

    def __str__(self) -> str:
        workers = "worker" if self.n_workers == 1 else "workers"
        return f"{self.limit:g} {self.unit}, {self.n_workers} {workers}"

    @property
    def arguments(self) -> list[str]:
        """What the command is told of it."""
        limit = ["--timeout", f"{self.limit:g}s"]
        if self.in_epochs:
            limit = ["--max-epochs-total", f"{self.limit:g}"]
        return [*limit, "--workers", str(self.n_workers)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search came to.

    Attributes:
        best: the lowest validation loss so far, each time it fell, after seconds or epochs.
        seconds: from the command's beginning to its end.
        n_complete: trials that were trained out, not pruned, paused or failed.
    """

    table: str
    policy: str
    seed: int
    effort: str
    best: Sequence[tuple[float, float]]
    seconds: float
    n_trials: int
    n_complete: int
    n_epochs: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Outcome:
        """One that was written as JSON."""
        return cls(**{**values, "best": [(at, loss) for at, loss in values["best"]]})

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What was searched, and how."""
        return self.table, self.policy, self.seed, self.effort

    @property
    def loss(self) -> float:
        """The lowest validation loss; infinite without one."""
        return self.best[-1][1] if self.best else math.inf

    @property
    def has_loss(self) -> bool:
        """Whether there is one."""
        return self.loss < math.inf

    def when(self, loss: float) -> float:
        """After how many seconds or epochs it had a loss as low; infinite if never."""
        return next((at for at, best in self.best if best <= loss), math.inf)


def search(data: Data, policy: str, seed: int, effort: Effort) -> Outcome:
    """Search a table once.

    Raises:
        RuntimeError: the command failed; with what it said.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database, said = folder / "automl.db", folder / "messages.txt"
        command = [
            *(sys.executable, str(ROOT / "cli.py"), "search", *data.arguments),
            *("--policy", policy, "--seed", str(seed), *effort.arguments),
            *("--folds", "1", "--no-references", "--storage", f"sqlite:///{database}", "--json"),
        ]
        began = time.time()
        with said.open("w") as messages:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=messages,
            )
            watched = watch(process, database, began)
        seconds = time.time() - began
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{said.read_text()}")
        in_order = rows(database, _IN_ORDER)
        losses = known(database, watched, began)
        if effort.in_epochs:
            losses = [(at, loss) for at, (loss,) in enumerate(in_order, 1) if loss is not None]
        states = [state for (state,) in rows(database, "select state from trials")]
    return Outcome(
        *(data.name, policy, seed, str(effort), improvements(losses), seconds),
        n_trials=len(states),
        n_complete=states.count("COMPLETE"),
        n_epochs=len(in_order),
    )
