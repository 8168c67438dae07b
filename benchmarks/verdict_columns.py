"""Are the verdicts on columns right? Searches of tables where it is known which ones matter.

    python -m benchmarks.verdict_columns [--seeds N] [--even] [--log FILE]

Each case is a small table of standard normal columns: most of them noise, one that carries all,
one that is strong among others, all of use, two that tell nearly the same, two that tell somewhat
the same. It is searched as a person would, for a few trials, and judged by what is stored. A miss
is a verdict that is due and not said, a false alarm one that is said and not due. Thresholds were
set with even seeds (`--even`); odd ones are for the figures that are reported.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import automl
from automl.diagnostics.column_use import diagnose_columns
from benchmarks.verdict_figures import wilson
from storage.answers import evaluation_of, measurable_answer, study_importances
from storage.records import StudyRecords

Floats = NDArray[np.float64]

N_TRIALS, MAX_EPOCHS = 5, 25
VERDICTS: Final = ("one_column", "idle_columns", "alike")


@dataclass(frozen=True, slots=True)
class ColumnCase:
    """A table, and what is to be said of its columns."""

    frame: pd.DataFrame  # the target is y
    due: frozenset[str]  # of VERDICTS


@dataclass(frozen=True, slots=True)
class JudgedColumns:
    """What was said of a case, what was due, and the numbers that decided."""

    case: str
    seed: int
    due: list[str]
    said: list[str]
    explained: float  # of guessing's loss on validation rows
    carried: float  # by the first column, of what was explained: the low end of its interval
    others: float  # importance of the second column over that of the first
    idle: float  # share of the columns that make no difference beyond chance
    correlation: float  # of ranks, the strongest of two columns


def _case(
    generator: np.random.Generator, x: Floats, weights: Sequence[float], due: set[str]
) -> ColumnCase:
    """Rows whose target is a smooth function of each column with a weight, and a little noise."""
    n_rows, n_columns = x.shape
    signal = np.zeros(n_rows)
    for place, weight in enumerate(weights):
        bend = generator.uniform(0.3, 1.0)
        signal += weight * (x[:, place] + bend * np.sin(2 * x[:, place]))
    signal /= signal.std()
    noisy = signal + generator.normal(scale=generator.uniform(0.05, 0.3), size=n_rows)
    is_of_classes = generator.random() < 0.5
    target = np.where(noisy > 0, "high", "low") if is_of_classes else noisy
    order = generator.permutation(n_columns)  # that no rank stands for a place
    frame = pd.DataFrame({f"column_{n}": x[:, place] for n, place in enumerate(order)})
    return ColumnCase(frame.assign(y=target), frozenset(due))


def _columns(generator: np.random.Generator, n_columns: int) -> Floats:
    return generator.normal(size=(int(generator.integers(800, 1600)), n_columns))


def mostly_noise(generator: np.random.Generator) -> ColumnCase:
    """Two or three columns of use among six to nine of noise."""
    n_useful, n_noise = int(generator.integers(2, 4)), int(generator.integers(6, 10))
    x = _columns(generator, n_useful + n_noise)
    return _case(generator, x, [1.0] * n_useful, {"idle_columns"})


def one_carries_all(generator: np.random.Generator) -> ColumnCase:
    """One column tells the target, and five to eight are noise."""
    x = _columns(generator, 1 + int(generator.integers(5, 9)))
    return _case(generator, x, [1.0], {"one_column", "idle_columns"})


def one_is_strong(generator: np.random.Generator) -> ColumnCase:
    """One column tells twice to three times as much as each of five others."""
    x = _columns(generator, 6)
    return _case(generator, x, [float(generator.uniform(2.0, 3.0))] + [1.0] * 5, set())


def all_useful(generator: np.random.Generator) -> ColumnCase:
    """Six to eight columns, each as telling as the others."""
    x = _columns(generator, int(generator.integers(6, 9)))
    return _case(generator, x, [1.0] * x.shape[1], set())


def _related(generator: np.random.Generator, correlation: float) -> Floats:
    """Six columns, of which the second is a rising function of one that is like the first."""
    x = _columns(generator, 6)
    x[:, 1] = correlation * x[:, 0] + np.sqrt(1 - correlation**2) * x[:, 1]
    return x


def two_alike(generator: np.random.Generator) -> ColumnCase:
    """Two of six columns have a correlation of 0.95 to 0.99."""
    x = _related(generator, float(generator.uniform(0.95, 0.99)))
    return _case(generator, x, [1.0] * 6, {"alike"})


def two_related(generator: np.random.Generator) -> ColumnCase:
    """Two of six columns have a correlation of 0.5 to 0.8: each tells something of its own."""
    x = _related(generator, float(generator.uniform(0.5, 0.8)))
    return _case(generator, x, [1.0] * 6, set())


CASES: Final[Mapping[str, Callable[[np.random.Generator], ColumnCase]]] = {
    "mostly noise": mostly_noise,
    "one carries all": one_carries_all,
    "one is strong": one_is_strong,
    "all useful": all_useful,
    "two alike": two_alike,
    "two related": two_related,
}


def drawn(name: str, seed: int) -> ColumnCase:
    """The case of a name and a seed, always the same one."""
    return CASES[name](np.random.default_rng([seed, list(CASES).index(name)]))


def searched(case: ColumnCase, seed: int) -> StudyRecords:
    """Search a case's table; nothing of it stays."""
    with tempfile.TemporaryDirectory() as folder:
        result = automl.search(
            case.frame,
            target="y",
            n_trials=N_TRIALS,
            max_epochs=MAX_EPOCHS,
            folds=1,
            workers=1,
            references=False,
            seed=seed,
            storage=f"sqlite:///{folder}/automl.db",
        )
        return result.records


def judged(name: str, seed: int, case: ColumnCase, records: StudyRecords) -> JudgedColumns:
    """What is said of a searched case, whatever else was found in its data."""
    found = study_importances(records)
    evaluation = evaluation_of(records, measurable_answer(records), "valid")
    assert found is not None and found.columns and evaluation is not None
    guessing = evaluation.reference_scores("guessing")["loss"]
    gained = guessing - evaluation.scores["loss"]
    first, second = (one.loss for one in found.columns[:2])
    said = [one.kind for one in diagnose_columns(records, ())]
    said += ["alike"] if any(one.alike for one in found.columns) else []
    ranks = np.abs(case.frame.drop(columns="y").corr("spearman").to_numpy())
    np.fill_diagonal(ranks, 0.0)
    return JudgedColumns(
        case=name,
        seed=seed,
        due=sorted(case.due),
        said=sorted(said),
        explained=gained / guessing,
        carried=first.low / gained,
        others=second.value / first.value,
        idle=sum(not one.loss.is_better for one in found.columns) / len(found.columns),
        correlation=float(ranks.max()),
    )


def counts(outcomes: Sequence[JudgedColumns], verdict: str) -> tuple[int, int, int, int]:
    """Misses, of how many it is due; false alarms, of how many it is not."""
    due = [verdict in one.said for one in outcomes if verdict in one.due]
    undue = [verdict in one.said for one in outcomes if verdict not in one.due]
    return due.count(False), len(due), undue.count(True), len(undue)


def table(outcomes: Sequence[JudgedColumns]) -> str:
    """Misses and false alarms of each verdict; the numbers of each case, least and most."""
    lines = []
    for verdict in VERDICTS:
        missed, n_due, alarms, n_undue = counts(outcomes, verdict)
        (_, most_missed), (_, most_alarms) = wilson(missed, n_due), wilson(alarms, n_undue)
        lines.append(
            f"{verdict:<13} missed {missed} of {n_due} (95 %: at most {most_missed:.2f}), "
            f"false alarms {alarms} of {n_undue} (at most {most_alarms:.2f})"
        )
    for name in CASES:
        own = [one for one in outcomes if one.case == name]
        spans = []
        for key in ("explained", "carried", "others", "idle", "correlation"):
            values = [getattr(one, key) for one in own]
            if values:
                spans.append(f"{key} {min(values):.3f} to {max(values):.3f}")
        lines.append(f"{name:<16} {', '.join(spans)}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Misses and false alarms of verdicts on columns.")
    parser.add_argument("--seeds", type=int, default=6, help="seeds of each case")
    parser.add_argument("--even", action="store_true", help="even seeds: to set thresholds by")
    parser.add_argument("--log", type=Path, help="append what was judged, a line each")
    options = parser.parse_args(arguments)
    outcomes = []
    for seed in range(0 if options.even else 1, 2 * options.seeds, 2):
        for name in CASES:
            case = drawn(name, seed)
            outcomes.append(judged(name, seed, case, searched(case, seed)))
            if options.log is not None:
                with options.log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(outcomes[-1])) + "\n")
    print(table(outcomes))


if __name__ == "__main__":
    main()
