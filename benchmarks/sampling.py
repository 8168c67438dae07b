"""Does training many trials at once cost the search anything, and what does it gain?

    python -m benchmarks.sampling [FOLDER] [--seeds N] [--quick] [--json]

On the tables in FOLDER (CSV files, the last column being the target, or scikit-learn's own
where no folder is named), for each seed: one trial at a time with the plain loop, and the
planned number of trials at once in stacks. Compared are the best validation losses at equal
numbers of trials, and at equal wall-clock time. Differences are of logarithms, paired over
tables and seeds, with 95 % intervals (Student's t).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student

from automl.api import start_search
from automl.options.search_options import SearchOptions

SKLEARN = ("sklearn:digits", "sklearn:breast_cancer", "sklearn:diabetes", "sklearn:wine")
N_TRIALS = 60
MAX_EPOCHS = 27


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search reached, and how long it took."""

    best: float
    seconds: float
    n_trials: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One table and seed: one trial at a time, and many, twice."""

    data: str
    seed: int
    one: Outcome
    many: Outcome  # with as many trials
    timed: Outcome  # with as much time

    @property
    def at_equal_trials(self) -> float:
        """Logarithm of many over one: below 0, many found a lower loss."""
        return math.log(self.many.best / self.one.best)

    @property
    def at_equal_time(self) -> float:
        """The same at equal wall-clock time."""
        return math.log(self.timed.best / self.one.best)


def search(data: str, target: str | None, seed: int, **choices: object) -> Outcome:
    """Search one table in a new database, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        options = SearchOptions(
            target=target,
            storage=f"sqlite:///{folder}/automl.db",
            max_epochs=MAX_EPOCHS,
            folds=1,
            seed=seed,
            workers=1,
            **choices,  # type: ignore[arg-type]
        )
        with start_search(data, options) as session:
            began = time.monotonic()
            last = list(session)[-1]
            seconds = time.monotonic() - began
        best = math.inf if last.best_value is None else last.best_value
        return Outcome(best, seconds, last.n_ended)


def compare(data: str, target: str | None, seed: int, n_trials: int) -> Pair:
    """Both ways, on one table with one seed."""
    one = search(data, target, seed, n_trials=n_trials, slots=1, trainer="plain")
    many = search(data, target, seed, n_trials=n_trials)
    timed = search(data, target, seed, n_trials=20 * n_trials, slots=10, timeout=one.seconds)
    return Pair(data, seed, one, many, timed)


def interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval, as ratios."""
    mean = statistics.fmean(differences)
    if len(differences) < 2:
        return math.exp(mean), 0.0, math.inf
    half = student.ppf(0.975, len(differences) - 1) * statistics.stdev(differences)
    half /= math.sqrt(len(differences))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def tables(folder: Path | None) -> list[tuple[str, str | None]]:
    """Sources and targets."""
    if folder is None:
        return [(name, None) for name in SKLEARN]
    paths = sorted(folder.glob("*.csv*"))
    return [(str(path), str(pd.read_csv(path, nrows=1).columns[-1])) for path in paths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sources = tables(arguments.folder)
    n_seeds, n_trials = arguments.seeds, N_TRIALS
    if arguments.quick:
        sources, n_seeds, n_trials = sources[:1], 1, 20
    pairs = []
    for (data, target), seed in itertools.product(sources, range(n_seeds)):
        pairs.append(compare(data, target, seed, n_trials))
        print(f"{pairs[-1]}", file=sys.stderr)
    pairs = [p for p in pairs if all(map(math.isfinite, (p.one.best, p.many.best, p.timed.best)))]
    equal_trials = interval([pair.at_equal_trials for pair in pairs])
    equal_time = interval([pair.at_equal_time for pair in pairs])
    if arguments.json:
        names = ("ratio", "low", "high")
        values = {f"equal_trials.{n}": v for n, v in zip(names, equal_trials, strict=True)}
        values |= {f"equal_time.{n}": v for n, v in zip(names, equal_time, strict=True)}
        print(json.dumps({"n_pairs": len(pairs), **values}))
        return
    console = Console()
    table = Table(title=f"best validation loss, {n_trials} trials of at most {MAX_EPOCHS} epochs")
    for column in ("data", "seed", "one", "s", "many", "s", "same time", "trials"):
        table.add_column(column, justify="left" if column == "data" else "right")
    for pair in pairs:
        table.add_row(
            Path(pair.data).name,
            str(pair.seed),
            f"{pair.one.best:.4f}",
            f"{pair.one.seconds:.0f}",
            f"{pair.many.best:.4f}",
            f"{pair.many.seconds:.0f}",
            f"{pair.timed.best:.4f}",
            str(pair.timed.n_trials),
        )
    console.print(table)
    for name, (ratio, low, high) in (("trials", equal_trials), ("time", equal_time)):
        console.print(f"at equal {name}: loss {ratio:.3f} times ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
