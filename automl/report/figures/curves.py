"""Learning curves: the best trial's among those of all others, and the next best ones' alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial, sample_trials
from automl.report.panels import Panel, Place
from automl.wording.counts import count
from automl.wording.epochs import epoch_sentences, part_words
from automl.wording.scores import score_text
from storage.records import TRAINED_IN_PART

BEST, NEXT_ONES = Place("importance"), Place("curves", "half")
HEIGHT = 360  # about that of the figure beside it
N_SMALL_MULTIPLES = 4  # the best trial has its own figure; two rows of two follow on a desk
N_FAINT_CURVES = 200  # more lines than this are a grey area, and cost half a second to draw
N_POINTS_PER_CURVE = 80  # a curve is at most about 400 pixels wide on a phone


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """The best trial, the next ones, and all others, with curves thinned for drawing."""

    loss: str
    best: tuple[Trial, ...]  # in order of value
    others: tuple[Trial, ...]
    n_omitted: int  # curves that are not drawn
    parts: Mapping[int, str]  # by trial of the best: what its epochs are, if parts of passes
    epoch_words: str = ""  # of what an epoch is and is measured on, where not of all rows


def learning_curves(table: StudyTable, n_faint: int = N_FAINT_CURVES) -> LearningCurves:
    """The best trials, and up to `n_faint` others."""
    best = table.ranked[: 1 + N_SMALL_MULTIPLES]
    others = [t for t in table.trials if t not in best and len(t.curve)]
    drawn = sample_trials(others, n_faint)
    return LearningCurves(
        loss=table.loss,
        best=tuple(_thinned(trial) for trial in best if len(trial.curve)),
        others=tuple(_thinned(trial) for trial in drawn),
        n_omitted=len(others) - len(drawn),
        parts={t.number: part_words(table.records.settings, t.params) for t in best},
        epoch_words=epoch_sentences(table.records.settings),
    )


def _thinned(trial: Trial) -> Trial:
    return replace(trial, curve=trial.curve.thinned(N_POINTS_PER_CURVE))


def panels(table: StudyTable) -> list[Panel]:
    """The best trial's curve on the first screens, small multiples of the next best ones."""
    numbers = learning_curves(table)
    if not numbers.best and not numbers.others:
        return []
    gap = "The shaded area is the gap between validation and train loss of the best trial."
    has_gap = any(np.isfinite(one.curve.train).any() for one in numbers.best[:1])
    omitted = f"{count(numbers.n_omitted, 'further curve')} left out of the drawing."
    said = [gap] * has_gap + [numbers.epoch_words] + [omitted] * bool(numbers.n_omitted)
    caption = " ".join(filter(None, said))
    title = f"Learning curve of trial {numbers.best[0].number}" if numbers.best else "All trials"
    shown = drawing(numbers).update_layout(height=HEIGHT)
    first = Panel(BEST, "curve-best", title, words(numbers), shown, caption)
    return [first, *(_small_panel(trial, numbers) for trial in numbers.best[1:])]


def _small_panel(trial: Trial, numbers: LearningCurves) -> Panel:
    return Panel(
        NEXT_ONES,
        key=f"curve-{trial.number}",
        title=f"Trial {trial.number}",
        alternative=words_of_trial(trial),
        figure=small_drawing(trial, numbers.loss, numbers.parts[trial.number]),
    )


def figure(table: StudyTable, at_most: int = N_FAINT_CURVES) -> go.Figure:
    """Train and validation loss of the best trial, all other trials faintly behind it.

    Args:
        at_most: so many of the others.
    """
    return drawing(learning_curves(table, at_most))


def words_of_trial(trial: Trial) -> str:
    """One trial's best epoch and gap."""
    curve, mean, own = trial.curve, "", ""
    if curve.n_folds > 1:
        mean = f", mean of {curve.n_folds} folds"
        own = f" The folds' own best epochs: {trial.effort.best_in_words}."
    valid, train = (score_text("loss", float(c[curve.best])) for c in (curve.valid, curve.train))
    return (
        f"Trial {trial.number}{mean}: lowest validation loss {valid} at epoch "
        f"{int(curve.epochs[curve.best])} of {int(curve.epochs[-1])}, train loss there "
        f"{train}.{own}"
    )


def words(numbers: LearningCurves) -> str:
    """The best trial's curve among all others."""
    if not numbers.best:
        return "No trial has completed yet."
    others = count(len(numbers.others) + len(numbers.best) - 1, "other trial")
    return f"{words_of_trial(numbers.best[0])} Behind it the validation curves of {others}."


def drawing(numbers: LearningCurves) -> go.Figure:
    """The best trial's train and validation loss over all other validation curves."""
    made = style.figure(440)
    _add_faint(made, [*numbers.others, *numbers.best[1:]])
    for outcome in sorted(TRAINED_IN_PART):
        _add_ends(made, outcome, [t for t in numbers.others if t.outcome == outcome])
    if numbers.best:
        _add_train_and_valid(made, numbers.best[0])
    made.update_layout(
        xaxis=_epoch_axis([*numbers.best, *numbers.others]),
        yaxis={"title": style.loss_title(numbers.loss), **_loss_axis(numbers)},
    )
    return made


def small_drawing(trial: Trial, loss: str, part: str = "") -> go.Figure:
    """One trial's train and validation loss: a small multiple.

    Args:
        part: what its epochs are, if they are parts of passes.
    """
    made = style.figure(260)
    _add_train_and_valid(made, trial)
    values = np.concatenate([trial.curve.train, trial.curve.valid])
    made.update_layout(
        xaxis=_epoch_axis([trial], part),
        yaxis={"title": style.loss_title(loss), **style.loss_axis(values, values)},
    )
    return made


def _epoch_axis(trials: Sequence[Trial], part: str = "") -> dict[str, Any]:
    """From the start, with room at the end for the last marker."""
    last = max((float(trial.curve.epochs[-1]) for trial in trials), default=1.0)
    return {"title": f"epoch ({part})" if part else "epoch", "range": [0, 1.03 * last]}


def _loss_axis(numbers: LearningCurves) -> dict[str, Any]:
    """Frame the best trials and the bulk of the others."""
    best = [value for t in numbers.best for value in (*t.curve.train, *t.curve.valid)]
    ends = [float(t.curve.valid[-1]) for t in numbers.others]
    first = numbers.best[0].curve.valid if numbers.best else ()
    return style.loss_axis([*best, *ends], inside=first)


def _add_train_and_valid(made: go.Figure, trial: Trial) -> None:
    curve, label = trial.curve, f"trial {trial.number}"
    hover = f"{label}<br>epoch %{{x}}<br>%{{fullData.meta}} loss %{{y:.4g}}<extra></extra>"
    shared: dict[str, Any] = {
        "mode": "lines", "x": style.single(curve.epochs), "hovertemplate": hover
    }  # fmt: skip
    train_line = {"color": style.TRAIN, "width": 2, "dash": "6px,3px"}
    made.add_scatter(
        y=style.single(curve.train), name="train", meta="train", line=train_line, **shared
    )
    made.add_scatter(
        y=style.single(curve.valid),
        name="validation",
        meta="validation",
        line={"color": style.VALID, "width": 2.5},
        fill="tonexty",
        fillcolor=style.SHADE,
        **shared,
    )
    epoch = int(curve.epochs[curve.best])
    lowest = "best epoch" if curve.n_folds == 1 else "lowest of the mean"
    made.add_scatter(
        x=[epoch],
        y=[float(curve.valid[curve.best])],
        mode="markers",
        name=f"{lowest} ({epoch})",
        marker={"color": style.VALID, "size": 11, "symbol": "diamond",
                "line": {"width": 1.5, "color": "white"}},
        hovertemplate=f"{label}<br>{lowest} (%{{x}})<br>validation loss %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
    made.update_layout(shapes=[style.vertical_line(epoch, "dot")])


def _add_faint(made: go.Figure, trials: Sequence[Trial]) -> None:
    """All other curves as one trace, with gaps between them."""
    if not trials:
        return
    gap = np.array([math.nan])
    curves = [(t.curve.epochs, t.curve.valid, np.full(len(t.curve), t.number)) for t in trials]
    epochs, losses, numbers = (
        np.concatenate([part for curve in curves for part in (curve[i], gap)]) for i in range(3)
    )
    made.add_scatter(
        x=style.single(epochs),
        y=style.single(losses),
        customdata=style.single(numbers),
        mode="lines",
        line={"color": style.FAINT, "width": 1},
        name="other trials",
        hovertemplate="trial %{customdata:.0f}<br>epoch %{x}<br>validation loss %{y:.4g}"
        "<extra></extra>",
    )


def _add_ends(made: go.Figure, outcome: str, trials: Sequence[Trial]) -> None:
    """Where curves end, or rest."""
    if trials:
        made.add_scatter(
            x=style.single([t.curve.epochs[-1] for t in trials]),
            y=style.single([t.curve.valid[-1] for t in trials]),
            customdata=style.single([t.number for t in trials]),
            mode="markers",
            name=outcome,
            marker=style.outcome_marker(outcome, 6),
            hovertemplate=f"trial %{{customdata:.0f}} {outcome}<br>after epoch %{{x}}<br>"
            "validation loss %{y:.4g}<extra></extra>",
        )
