"""What a report costs: seconds to write it and its size, by number of trials.

The studies are synthetic (`tests/contracts/synthetic_study.py`): nothing is trained, the
records are as large as real ones of 50 epochs. Optuna's own figures of the same study, put
into one file as people do by hand, stand beside them. The dashboard's share is the time that
`automl.report.dashboard.publish` takes in memory.

    python -m benchmarks.report [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import optuna

from automl.report.dashboard import publish
from automl.report.numbers.axes import Axis
from automl.report.numbers.study import study_table
from automl.report.numbers.trials import Trial
from automl.report.page import write_report
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study

SIZES = (100, 1_000, 10_000)
N_EPOCHS = 50
PLOTS = (
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_slice",
    "plot_contour",
    "plot_timeline",
)


COLUMNS = (
    "seconds",
    "cpu_seconds",
    "megabytes",
    "publish_seconds",
    "optuna_seconds",
    "optuna_megabytes",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="no study of 10,000 trials")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warm_up()
    figures: dict[str, float] = {}
    sizes = SIZES[:2] if options.quick else SIZES
    for n_trials in sizes:
        figures |= measure(n_trials)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{'trials':>8}" + "".join(f"{name:>17}" for name in COLUMNS))
    for n_trials in sizes:
        cells = (figures.get(f"{name}_{n_trials}", float("nan")) for name in COLUMNS)
        print(f"{n_trials:>8,}" + "".join(f"{cell:>17.2f}" for cell in cells))


def warm_up() -> None:
    """Imports, and the validators that Plotly builds on first use."""
    with tempfile.TemporaryDirectory() as folder:
        write_report(synthetic_study(20), Path(folder) / "report.html", predictions(20))


def measure(n_trials: int) -> dict[str, float]:
    """Write the report of one study, publish it, and draw it with Optuna."""
    records = synthetic_study(n_trials, n_epochs=N_EPOCHS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        began, began_cpu = time.perf_counter(), time.process_time()
        write_report(records, path, predictions(2000))
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
        megabytes = path.stat().st_size / 1e6
    measured = {
        f"seconds_{n_trials}": round(seconds, 3),
        f"cpu_seconds_{n_trials}": round(cpu_seconds, 3),
        f"megabytes_{n_trials}": round(megabytes, 3),
        f"publish_seconds_{n_trials}": round(time_to_publish(records), 3),
    }
    if n_trials <= 1_000:  # Optuna's contours of ten parameters take minutes beyond
        measured |= draw_with_optuna(records)
    return measured


def time_to_publish(records: StudyRecords) -> float:
    """Seconds of one update of the dashboard's content, without the database."""
    study = optuna.create_study()
    study.add_trials([optuna.trial.create_trial(value=1.0) for _ in records.trials])
    began = time.perf_counter()
    publish(study, records)
    return time.perf_counter() - began


def draw_with_optuna(records: StudyRecords) -> dict[str, float]:
    """Six of Optuna's figures in one file: no curves, verdict, gradients or predictions."""
    table = study_table(records)
    known = table.axes
    study = rebuilt_study([t for t in table.trials if t.outcome != "failed"], known)
    top = list(known)[:4]
    began = time.perf_counter()
    pieces: list[str] = []
    for name in PLOTS:
        plot = getattr(optuna.visualization, name)
        options = {"params": top} if name == "plot_contour" else {}
        with suppress(RuntimeError):
            pieces.append(
                plot(study, **options).to_html(full_html=False, include_plotlyjs=not pieces)
            )
    text = "".join(pieces)
    n_trials = len(records.trials)
    return {
        f"optuna_seconds_{n_trials}": round(time.perf_counter() - began, 3),
        f"optuna_megabytes_{n_trials}": round(len(text.encode()) / 1e6, 3),
    }


def rebuilt_study(trials: Sequence[Trial], known: Mapping[str, Axis]) -> optuna.Study:
    """An in-memory study in which these trials are complete."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
        distributions = {name: _distribution(axis) for name, axis in known.items()}
        study.add_trials([_frozen(trial, known, distributions) for trial in trials])
    finally:
        optuna.logging.set_verbosity(verbosity)
    return study


def _frozen(
    trial: Trial,
    known: Mapping[str, Axis],
    distributions: Mapping[str, optuna.distributions.BaseDistribution],
) -> optuna.trial.FrozenTrial:
    params = {n: v for n, v in trial.params.items() if n in known and _fits(known[n], v)}
    with warnings.catch_warnings():
        # Choices that are neither str, number nor None only warn; the space allows no others.
        warnings.simplefilter("ignore", UserWarning)
        return optuna.trial.create_trial(
            params=params,
            distributions={name: distributions[name] for name in params},
            value=trial.value,
        )


def _fits(axis: Axis, value: object) -> bool:
    """Whether the stored range holds the value; an enqueued trial may lie outside."""
    if axis.kind == "categorical":
        return value in axis.choices
    return isinstance(value, int | float) and axis.low <= value <= axis.high


def _distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    if axis.kind == "categorical":
        return optuna.distributions.CategoricalDistribution(axis.choices)
    if axis.kind == "int":
        return optuna.distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.log)


def predictions(n_rows: int) -> dict[str, np.ndarray]:
    """Ten classes, rather well told apart."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 10, n_rows)
    probabilities = random.dirichlet(np.full(10, 0.2), n_rows)
    probabilities[np.arange(n_rows), targets] += random.random(n_rows)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return {"test_targets": targets, "test_predictions": probabilities}


if __name__ == "__main__":
    main()
