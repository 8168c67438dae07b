"""Train the best configuration again on parts of the rows: bias, variance, and more rows.

    plan_decomposition -> side_runs.train_beside -> judge_decomposition
    plan_data_size     -> side_runs.train_beside -> judge_data_size

Bootstraps give bias and variance, disjoint halves a variance that shares no rows, growing
shares of the rows the data-size curve. All of it is measured on validation rows. A run that
failed counts in neither, and both say how many did and why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from automl.data.dataset import Dataset
from automl.data.weight_scales import pooled_weights
from automl.diagnostics import agree_with_verdict
from automl.diagnostics.data_size import MIN_SIZES, diagnose_data_size, fit_power_law
from automl.diagnostics.decomposition import (
    decompose_squared,
    decompose_zero_one,
    diagnose_decomposition,
    variance_of_halves,
)
from automl.diagnostics.evidence import find_references
from automl.errors import StudyError
from automl.executors.predicting import Predict
from automl.training.config import RowSubset
from automl.tuning.planned_runs import (
    EndedRun,
    Params,
    PlannedRun,
    best_configuration,
    best_losses,
    planned_run,
    say_failures,
)
from automl.tuning.planned_training import predict_run
from automl.tuning.seeds import derive_seed
from storage.records import Diagnosis, Purpose, StudyRecords, StudySettings

DATA_SIZES = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0)
"""Shares of the train rows, about evenly spread in their logarithm: a power law bends there."""

MIN_ROWS = 20
"""A share with fewer train rows says nothing about the curve at many."""


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans runs of the best trial's configuration."""

    settings: StudySettings
    trial_number: int
    params: Params

    @classmethod
    def of(cls, records: StudyRecords) -> _Planner:
        best, params = best_configuration(records)
        return cls(records.settings, best.number, params)

    def seed(self, *names: str | int) -> int:
        return derive_seed(self.settings.seed, self.trial_number, *names)

    def run(self, purpose: Purpose, label: str, seed: int, rows: RowSubset | None) -> PlannedRun:
        return planned_run(
            self.settings,
            self.trial_number,
            self.params,
            purpose=purpose,
            label=label,
            seed=seed,
            rows=rows,
        )


def plan_decomposition(
    records: StudyRecords, *, n_bootstraps: int = 20, n_halves: int = 10
) -> tuple[PlannedRun, ...]:
    """The runs of a decomposition: bootstraps, then pairs on disjoint halves.

    Twenty trainings know a row's variance to a third (chi-square), and its mean over hundreds
    of rows to a few percent.

    Raises:
        StudyError: no trial has completed.
    """
    plan, n_rows = _Planner.of(records), records.settings.n_rows["train"]
    runs = []
    for i in range(n_bootstraps):
        seed = plan.seed("bootstrap", i)
        runs.append(
            plan.run("bootstrap", f"bootstrap {i}", seed, RowSubset(seed=seed, replace=True))
        )
    for i in range(n_halves):
        for part in (0, 1):
            # A hair less than half, so that rounding never makes the halves overlap.
            rows = RowSubset(0.5 - 0.5 / n_rows, part, seed=plan.seed("half", i))
            label = f"division {i}, part {part}"
            runs.append(plan.run("half", label, plan.seed("half", i, part), rows))
    return tuple(runs)


def judge_decomposition(
    records: StudyRecords,
    runs: Sequence[EndedRun],
    dataset: Dataset,
    predicts: Predict | None = None,
) -> Diagnosis:
    """Bias and noise, and variance, from predictions of the first fold's validation rows.

    Args:
        runs: as planned, with the weights of those that were trained to their ends.
        predicts: what predicts; None: this process.

    Raises:
        StudyError: fewer than two bootstraps could be trained.
    """
    task = records.settings.task
    drawn = _predicted(runs, dataset, predicts)
    if len(drawn) < 2:
        raise StudyError(
            f"a decomposition needs two trained bootstraps or more, but there are {len(drawn)}. "
            f"{say_failures(runs)}".rstrip()
        )
    weights = pooled_weights((dataset.folds[0].valid,))
    of_classes = partial(decompose_zero_one, weights=weights)
    decompose = partial(decompose_squared, weights=weights) if task == "regression" else of_classes
    pairs = _pairs(runs, dataset, predicts)
    targets = np.asarray(dataset.folds[0].valid.targets.cpu().numpy())
    halves = None
    if pairs:
        first, second = (np.stack(side) for side in zip(*pairs, strict=True))
        if task == "regression":
            halves = variance_of_halves(first, second, weights)
        else:
            # Two halves disagree on a row with chance 2 v (1 - v) for two classes; the share
            # of disagreement itself, halved, is the variance of the class indicator.
            differ = (first != second).astype(float)
            halves = variance_of_halves(np.zeros(first.shape), differ, weights)
    answer = diagnose_decomposition(
        decompose(np.stack(drawn), targets),
        halves,
        trial_number=runs[0].planned.config.trial_number,
        task=task,
    )
    return agree_with_verdict(records, _with_failures(answer, runs))


def plan_data_size(records: StudyRecords, *, n_seeds: int = 3) -> tuple[PlannedRun, ...]:
    """The runs of a data-size curve: growing shares of the train rows, a few draws of each.

    Raises:
        StudyError: no trial has completed, or the train rows are too few for a curve.
    """
    plan, n_rows = _Planner.of(records), records.settings.n_rows["train"]
    shares = [share for share in DATA_SIZES if share * n_rows >= MIN_ROWS]
    if len(shares) < MIN_SIZES:
        raise StudyError(
            f"a data-size curve needs {MIN_SIZES} sizes of {MIN_ROWS} rows or more, but there are "
            f"{n_rows} train rows"
        )
    runs = []
    for share in shares:
        for i in range(n_seeds):
            seed = plan.seed("data_size", i)
            rows = None if share == 1 else RowSubset(share, seed=seed)
            runs.append(plan.run("data_size", f"{round(share * n_rows)} rows", seed, rows))
    return tuple(runs)


def judge_data_size(records: StudyRecords, runs: Sequence[EndedRun]) -> Diagnosis:
    """Whether more rows would help, from the curves of the planned runs.

    Raises:
        StudyError: too few sizes could be trained.
    """
    n_rows = records.settings.n_rows["train"]
    sizes, means, errors = [], [], []
    for share in sorted({run.planned.rows_fraction for run in runs}):
        losses = best_losses([run for run in runs if run.planned.rows_fraction == share])
        values = list(losses.values())
        if values:
            sizes.append(round(share * n_rows))
            means.append(float(np.mean(values)))
            errors.append(_standard_error(values))
    if len(sizes) < MIN_SIZES:
        raise StudyError(
            f"a data-size curve needs {MIN_SIZES} sizes, but {len(sizes)} could be trained. "
            f"{say_failures(runs)}".rstrip()
        )
    # A size with one run, or with equal ones, borrows the usual error of the others.
    usual = float(np.median([error for error in errors if error > 0] or [0.0]))
    law = fit_power_law(sizes, means, [error or usual for error in errors])
    baseline = find_references(records).baseline_loss
    answer = diagnose_data_size(law, n_rows, baseline, dict(zip(sizes, means, strict=True)))
    return _with_failures(answer, runs)


def _with_failures(answer: Diagnosis, runs: Sequence[EndedRun]) -> Diagnosis:
    """Say on how many runs an answer rests, where some failed."""
    n_failed = sum(not run.is_evidence for run in runs)
    return replace(
        answer,
        message=f"{answer.message} {say_failures(runs)}".rstrip(),
        evidence={**answer.evidence, "n_failed": n_failed},
    )


def _predicted(
    runs: Sequence[EndedRun], dataset: Dataset, predicts: Predict | None
) -> list[np.ndarray]:
    """What the bootstraps that were trained predict, each (N,)."""
    bootstraps = [run for run in runs if run.planned.purpose == "bootstrap"]
    drawn = [predict_run(run, dataset, predicts) for run in bootstraps]
    return [predictions for predictions in drawn if predictions is not None]


def _pairs(
    runs: Sequence[EndedRun], dataset: Dataset, predicts: Predict | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The predictions of both halves of each division that both trained."""
    divisions: dict[int, list[np.ndarray]] = {}
    for run in runs:
        rows, predictions = run.planned.config.rows, predict_run(run, dataset, predicts)
        if run.planned.purpose == "half" and rows and predictions is not None:
            divisions.setdefault(rows.seed, []).append(predictions)
    return [(pair[0], pair[1]) for pair in divisions.values() if len(pair) == 2]


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))
