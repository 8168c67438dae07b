"""What each figure shows, in a sentence or two, for those who cannot see it.

The sentences are the figures' alternative texts (and their captions in print and in the
dashboard's notes): they say the finding, not the chart type.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.diagnostics.wording import count, duration, percent
from automl.reference_names import REFERENCE_NAMES
from automl.report.numbers.curves import (
    BiasVariancePlane,
    DataSizeCurve,
    LearningCurves,
    TrialCurve,
)
from automl.report.numbers.gradients import GradientFlow, InitializationTable
from automl.report.numbers.importances import Importance, Importances
from automl.report.numbers.overview import Score
from automl.report.numbers.parameters import AxisPlot, Contour, ParallelCoordinates
from automl.report.numbers.predictions import Calibration, Confusion, Residuals, Roc
from automl.report.numbers.search import Effort, History, Timeline
from automl.report.style import number
from automl.score_names import score_name, score_text


def of_score(score: Score) -> str:
    """The network's score, its interval and its references."""

    def said(value: float) -> str:
        return score_text(score.metric, value)

    words = [f"{score_name(score.metric)} of the network {said(score.network)}"]
    if score.interval:
        words.append(f"95 % interval {said(score.interval[0])} to {said(score.interval[1])}")
    words += [f"{REFERENCE_NAMES[one.name]} {said(one.value)}" for one in score.references]
    return ", ".join(words) + "."


def _loss(value: float) -> str:
    return score_text("loss", value)


def of_trial_curve(curve: TrialCurve) -> str:
    """One trial's best epoch and gap."""
    mean, own = "", ""
    if curve.n_folds > 1:
        mean = f", mean of {curve.n_folds} folds"
        own = f" The folds' own best epochs: {curve.best_epochs}."
    return (
        f"Trial {curve.number}{mean}: lowest validation loss {_loss(curve.best_valid)} at epoch "
        f"{curve.lowest_epoch} of {int(curve.epochs[-1])}, train loss there "
        f"{_loss(curve.best_train)}.{own}"
    )


def of_curves(numbers: LearningCurves) -> str:
    """The best trial's curve among all others."""
    if not numbers.best:
        return "No trial has completed yet."
    others = count(len(numbers.others) + len(numbers.best) - 1, "other trial")
    return f"{of_trial_curve(numbers.best[0])} Behind it the validation curves of {others}."


def of_plane(numbers: BiasVariancePlane) -> str:
    """Where trials lie between bias and variance."""
    if not len(numbers.gap):
        return "No trial has finite losses yet."
    train, gap = float(np.median(numbers.train_loss)), float(np.median(numbers.gap))
    words = (
        f"{count(len(numbers.gap), 'trial')} by train loss (median {_loss(train)}) and gap "
        f"between validation and train loss (median {_loss(gap)})."
    )
    found = np.flatnonzero(numbers.numbers == numbers.best_number)
    if len(found):
        at = found[0]
        words += (
            f" The best trial has train loss {_loss(float(numbers.train_loss[at]))} and gap "
            f"{_loss(float(numbers.gap[at]))}."
        )
    return words


def of_data_size(numbers: DataSizeCurve) -> str:
    """How the validation loss falls with more rows."""
    return (
        f"Validation loss {_loss(float(numbers.valid[0]))} with {number(float(numbers.rows[0]))} "
        f"training rows, {_loss(float(numbers.valid[-1]))} with all "
        f"{number(float(numbers.rows[-1]))}."
    )


def of_importances(numbers: Importances, shown: Sequence[Importance]) -> str:
    """The ranking, with intervals."""
    words = [
        f"{one.name} {percent(one.share)} ({percent(one.low)} to {percent(one.high)}"
        f"{'' if one.is_certain else ', may be chance'})"
        for one in shown
    ]
    return (
        f"Shares of the differences between {count(numbers.n_trials, 'trial')} that go back to a "
        f"hyperparameter, with 95 % intervals: {', '.join(words)}."
    )


def of_axis(numbers: AxisPlot) -> str:
    """Where the best trials lie on one parameter's axis, and how bad the worst region is."""
    axis = numbers.axis
    if not len(numbers.bucket_places):
        return f"No trial that can be compared uses {axis.name}."
    at = float(numbers.bucket_values[int(np.argmin(numbers.bucket_places))])
    value = str(axis.choices[round(at)]) if axis.kind == "categorical" else number(at)
    words = f"Best at {axis.name} {value}"
    if len(numbers.bucket_places) > 1:
        worst = float(numbers.bucket_places.max())
        words += f"; in the worst region {percent(worst)} of the trials are better than its best"
    return f"{words}."


def of_parallel(numbers: ParallelCoordinates) -> str:
    """Which trials and axes are drawn."""
    names = ", ".join(axis.name for axis in numbers.axes)
    return f"{count(len(numbers.numbers), 'trial')} as lines over {names}, and over their places."


def of_contour(numbers: Contour) -> str:
    """Where the best trials lie."""
    if not np.isfinite(numbers.grid).any():
        return f"No trial uses both {numbers.x.name} and {numbers.y.name}."
    row, column = np.unravel_index(int(np.nanargmin(numbers.grid)), numbers.grid.shape)
    last = numbers.grid.shape[0] - 1
    places = []
    for axis, index in ((numbers.x, column), (numbers.y, row)):
        at = float(index) / last
        if axis.kind == "categorical":
            places.append(f"{axis.name} {axis.choices[round(at * (len(axis.choices) - 1))]}")
        else:
            places.append(f"{axis.name} {number(float(f'{axis.value_at(at):.2g}'))}")
    return f"Trials are best near {' and '.join(places)}."


def of_flow(numbers: GradientFlow) -> str:
    """The gradient norm of the first and the last layer, at the first and the last moment."""
    norms = numbers.gradient_norm
    start = "initialization" if numbers.epochs[0] == 0 else f"epoch {numbers.epochs[0]}"
    return (
        f"Gradient norms of trial {numbers.number} at {start}: {norms[0, 0]:.1e} in the layer "
        f"nearest the input, {norms[-1, 0]:.1e} in the output layer; at epoch "
        f"{numbers.epochs[-1]}: {norms[0, -1]:.1e} and {norms[-1, -1]:.1e}."
    )


def of_initialization(numbers: InitializationTable) -> str:
    """The pairs in which gradients vanished or exploded."""
    bad = [
        f"{cell.activation} with {cell.initialization} ({verb} in {trials} of {cell.n_trials})"
        for cell in numbers.cells
        for verb, trials in (("vanished", cell.n_vanished), ("exploded", cell.n_exploded))
        if trials
    ]
    if not bad:
        return "No pair of activation and initialization made gradients vanish or explode."
    return "Gradients at initialization: " + "; ".join(bad) + "."


def of_history(numbers: History) -> str:
    """How fast the search found its best."""
    if not len(numbers.best_values):
        return "No trial has completed yet."
    return (
        f"The best validation loss fell from {_loss(float(numbers.best_values[0]))} in trial "
        f"{int(numbers.best_numbers[0])} to {_loss(float(numbers.best_values[-1]))} in trial "
        f"{int(numbers.best_numbers[-1])}, the last of "
        f"{count(len(numbers.best_values) - 1, 'improvement')}."
    )


def of_timeline(numbers: Timeline) -> str:
    """How many trials ran within which time."""
    if not numbers.bars:
        return "No trial has begun yet."
    end = max(bar.end for bar in numbers.bars)
    longest = max(numbers.bars, key=lambda bar: bar.end - bar.start)
    return (
        f"{count(len(numbers.bars), 'trial')} within {duration(end)}; the longest, trial "
        f"{longest.number}, took {duration(longest.end - longest.start)}."
    )


def of_effort(numbers: Effort) -> str:
    """Trials and epochs by outcome."""
    words = [
        f"{count(trials, 'trial')} {outcome} ({numbers.n_epochs_by_outcome.get(outcome, 0):,} "
        "epochs)"
        for outcome, trials in numbers.outcomes.items()
    ]
    return ", ".join(words) + "." if words else "No trials yet."


def of_confusion(numbers: Confusion) -> str:
    """The share that is right and the commonest mistake."""
    total = int(numbers.counts.sum())
    right = int(np.trace(numbers.counts))
    wrong = numbers.counts - np.diag(np.diag(numbers.counts))
    words = f"{right:,} of {total:,} rows are classified correctly."
    if wrong.max() > 0:
        true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
        words += (
            f" The commonest mistake: {count(int(wrong.max()), 'row')} of class "
            f"{numbers.classes[true]} taken for {numbers.classes[predicted]}."
        )
    return words


def of_roc(curves: tuple[Roc, ...]) -> str:
    """Areas under the curves."""
    return (
        "Areas under the ROC curve: " + ", ".join(f"{c.label} {c.area:.3f}" for c in curves) + "."
    )


def of_calibration(curves: tuple[Calibration, ...]) -> str:
    """The largest distance from the diagonal."""
    worst = max(float(np.abs(c.predicted - c.observed).max()) for c in curves)
    return (
        f"Predicted probabilities differ from observed frequencies by at most {worst:.2f} "
        "in any bin."
    )


def of_residuals(numbers: Residuals) -> str:
    """Spread and mean of the errors."""
    errors = numbers.true - numbers.predicted
    return (
        f"Errors of {count(len(errors), 'row')}: mean {number(float(errors.mean()))}, standard "
        f"deviation {number(float(errors.std()))}, largest {number(float(np.abs(errors).max()))}."
    )
