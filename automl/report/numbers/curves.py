"""Numbers of the learning curves, the bias and variance plane and the data-size curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl.report.numbers.trials import (
    Curve,
    Floats,
    Outcome,
    StudyTable,
    Trial,
    mean_curve,
    sample_trials,
    thin,
)
from storage.records import ParameterValue

N_SMALL_MULTIPLES = 4  # the best trial has its own figure; two rows of two follow on a desk
N_FAINT_CURVES = 200  # more lines than this are a grey area, and cost half a second to draw
N_POINTS_PER_CURVE = 80  # a curve is at most about 400 pixels wide on a phone
N_PLANE_POINTS = 2000  # SVG markers stay fluid to about here


@dataclass(frozen=True, slots=True, eq=False)
class TrialCurve:
    """One trial's curve, thinned for drawing; with folds their mean, and its lowest point.

    Shape:
        epochs, train, valid: (T,).
    """

    number: int
    outcome: Outcome
    epochs: Floats
    train: Floats
    valid: Floats
    lowest_epoch: int  # of the curve as it is drawn; with folds no fold's own
    best_valid: float
    best_train: float
    best_epochs: str  # each run's own: "43", with folds "9, 7, 8"
    n_folds: int = 1


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """The best trial's curves, the next ones, and all others faintly."""

    loss: str
    best: tuple[TrialCurve, ...]  # in order of value
    others: tuple[TrialCurve, ...]
    n_omitted: int  # curves that are not drawn
    n_pruned: int


@dataclass(frozen=True, slots=True, eq=False)
class BiasVariancePlane:
    """Every trial as a point: train loss against generalization gap, at its best epoch.

    Shape:
        numbers, train_loss, gap: (N,); each of `colours`: N values.
    """

    loss: str
    numbers: Floats
    train_loss: Floats
    gap: Floats
    outcomes: tuple[Outcome, ...]
    colours: Mapping[str, tuple[ParameterValue, ...]]  # choices to colour by
    baseline_loss: float | None
    best_number: int | None
    n_omitted: int


@dataclass(frozen=True, slots=True, eq=False)
class DataSizeCurve:
    """Best losses of one configuration trained on growing shares of the rows.

    Shape:
        rows, train, valid, train_spread, valid_spread: (S,); spreads are standard deviations
        over repetitions, zero where there was one.
    """

    loss: str
    rows: Floats
    train: Floats
    valid: Floats
    train_spread: Floats
    valid_spread: Floats


def learning_curves(table: StudyTable, n_faint: int = N_FAINT_CURVES) -> LearningCurves:
    """Curves of the best trials, and of up to `n_faint` others."""
    best = table.ranked[: 1 + N_SMALL_MULTIPLES]
    names = {trial.number for trial in best}
    others = [t for t in table.trials if t.number not in names and len(t.curve)]
    drawn = sample_trials(others, n_faint)
    return LearningCurves(
        loss=table.records.settings.loss,
        best=tuple(_thinned(trial) for trial in best if len(trial.curve)),
        others=tuple(_thinned(trial) for trial in drawn),
        n_omitted=len(others) - len(drawn),
        n_pruned=sum(trial.outcome == "pruned" for trial in others),
    )


def _thinned(trial: Trial) -> TrialCurve:
    curve = trial.curve
    kept = np.union1d(thin(len(curve), N_POINTS_PER_CURVE), [curve.best])
    return TrialCurve(
        number=trial.number,
        outcome=trial.outcome,
        epochs=curve.epochs[kept],
        train=curve.train[kept],
        valid=curve.valid[kept],
        lowest_epoch=int(curve.epochs[curve.best]),
        best_valid=float(curve.valid[curve.best]),
        best_train=float(curve.train[curve.best]),
        best_epochs=trial.effort.best_in_words,
        n_folds=curve.n_folds,
    )


def bias_variance_plane(table: StudyTable, at_most: int = N_PLANE_POINTS) -> BiasVariancePlane:
    """Train loss and gap of every trial that has finite ones."""
    finite = [t for t in table.trials if np.isfinite(t.train_loss) and np.isfinite(t.gap)]
    trials = sample_trials(finite, at_most)
    best = table.best
    return BiasVariancePlane(
        loss=table.records.settings.loss,
        numbers=np.array([t.number for t in trials], dtype=np.float64),
        train_loss=np.array([t.train_loss for t in trials], dtype=np.float64),
        gap=np.array([t.gap for t in trials], dtype=np.float64),
        outcomes=tuple(t.outcome for t in trials),
        colours=_colours(trials),
        baseline_loss=_baseline_loss(table),
        best_number=best.number if best else None,
        n_omitted=len(finite) - len(trials),
    )


def _colours(trials: tuple[Trial, ...]) -> dict[str, tuple[ParameterValue, ...]]:
    """What points can be coloured by: the outcome, the value, and parameters that vary."""
    colours: dict[str, tuple[ParameterValue, ...]] = {
        "outcome": tuple(t.outcome for t in trials),
        "validation loss": tuple(t.train_loss + t.gap for t in trials),
        "network parameters": tuple(t.n_parameters for t in trials),
    }
    for name in sorted({name for t in trials for name in t.params}):
        colours[name] = tuple(t.params.get(name) for t in trials)
    return {
        name: values
        for name, values in colours.items()
        if name == "outcome" or len({v for v in values if v is not None}) > 1
    }


def _baseline_loss(table: StudyTable) -> float | None:
    """Loss of class frequencies or of the mean: the right end of useful train losses.

    On the validation rows, as the curves; old studies have that of the test rows only.
    """
    known = [e for e in table.records.evaluations if "loss" in e.reference_scores("guessing")]
    same_rows = [e for e in known if e.split == "valid"]
    return (same_rows or known)[-1].reference_scores("guessing")["loss"] if known else None


def data_size_curve(table: StudyTable) -> DataSizeCurve | None:
    """Best losses by number of train rows; None where no such runs were made."""
    by_fraction: dict[float, list[Curve]] = defaultdict(list)
    for run in table.records.runs:
        epochs = table.records.epochs.get(run.run_id, ())
        if run.purpose == "data_size" and epochs:
            by_fraction[run.rows_fraction].append(mean_curve([epochs]))
    if len(by_fraction) < 2:
        return None
    n_rows = table.records.settings.n_rows.get("train", 1)
    fractions = sorted(by_fraction)
    train = [[float(c.train[c.best]) for c in by_fraction[f]] for f in fractions]
    valid = [[float(c.valid[c.best]) for c in by_fraction[f]] for f in fractions]
    return DataSizeCurve(
        loss=table.records.settings.loss,
        rows=np.array(fractions) * n_rows,
        train=np.array([np.mean(v) for v in train]),
        valid=np.array([np.mean(v) for v in valid]),
        train_spread=np.array([np.std(v, ddof=len(v) > 1) for v in train]),
        valid_spread=np.array([np.std(v, ddof=len(v) > 1) for v in valid]),
    )
