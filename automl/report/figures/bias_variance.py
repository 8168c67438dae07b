"""Every trial between bias and variance: train loss against generalization gap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.errors import ConfigError
from automl.report import style, ticks
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial, sample_trials
from automl.report.panels import Panel, Place, omitted
from automl.wording.counts import count
from automl.wording.scores import score_text
from storage.records import ParameterValue, StudyRecords

PLACE = Place("curves")
N_POINTS = 2000  # SVG markers stay fluid to about here
N_COLOUR_PARAMETERS = 8  # each choice is all points again, in the file


@dataclass(frozen=True, slots=True)
class BiasVariancePlane:
    """Every trial as a point: train loss against generalization gap, at its best epoch."""

    loss: str
    trials: tuple[Trial, ...]
    best: Trial | None
    baseline_loss: float | None
    n_omitted: int

    @property
    def colours(self) -> dict[str, list[ParameterValue]]:
        """What points can be coloured by: the outcome, the value, parameters that vary."""
        colours: dict[str, list[ParameterValue]] = {
            "outcome": [t.outcome for t in self.trials],
            "validation loss": [t.train_loss + t.gap for t in self.trials],
            "network parameters": [t.n_parameters for t in self.trials],
        }
        for name in sorted({name for t in self.trials for name in t.params}):
            colours[name] = [t.params.get(name) for t in self.trials]
        return {
            name: values
            for name, values in colours.items()
            if name == "outcome" or len({v for v in values if v is not None}) > 1
        }


def bias_variance_plane(table: StudyTable, at_most: int = N_POINTS) -> BiasVariancePlane:
    """Train loss and gap of every trial that has finite ones."""
    finite = [t for t in table.trials if math.isfinite(t.train_loss) and math.isfinite(t.gap)]
    trials = sample_trials(finite, at_most)
    baseline = _baseline_loss(table.records)
    return BiasVariancePlane(
        table.loss, trials, table.best, baseline, n_omitted=len(finite) - len(trials)
    )


def _baseline_loss(records: StudyRecords) -> float | None:
    """Loss of class frequencies or of the mean: the right end of useful train losses.

    On the validation rows, as the curves; old studies have that of the test rows only.
    """
    known = [e for e in records.evaluations if "loss" in e.reference_scores("guessing")]
    same_rows = [e for e in known if e.split == "valid"]
    return (same_rows or known)[-1].reference_scores("guessing")["loss"] if known else None


def panels(table: StudyTable) -> list[Panel]:
    """The plane, to be coloured by what matters most."""
    numbers = bias_variance_plane(table)
    if not numbers.trials:
        return []
    left_out = {"outcome", *table.importances.names[N_COLOUR_PARAMETERS:]}
    colours = [label for label in numbers.colours if label not in left_out]
    caption = "Each point is a trial at its best epoch. Left: less bias. Down: less variance."
    return [
        Panel(
            PLACE,
            key="plane",
            title="Bias and variance of every trial",
            alternative=words(numbers),
            figure=drawing(numbers),
            caption=caption + omitted(numbers.n_omitted),
            choices={label: points(numbers, label) for label in colours},
            choices_label="Colour by",
        )
    ]


def figure(table: StudyTable, colour_by: str = "outcome", at_most: int = N_POINTS) -> go.Figure:
    """Train loss against generalization gap, one point per trial.

    Args:
        colour_by: "outcome", "validation loss", "network parameters" or a hyperparameter.
        at_most: so many trials.

    Raises:
        ConfigError: nothing of that name varies in the study.
    """
    numbers = bias_variance_plane(table, at_most)
    if colour_by not in numbers.colours:
        known = ", ".join(numbers.colours)
        raise ConfigError(f"colour_by must be one of {known}, but is {colour_by!r}.")
    return drawing(numbers, colour_by)


def words(numbers: BiasVariancePlane) -> str:
    """Where trials lie between bias and variance."""
    train = score_text("loss", median(t.train_loss for t in numbers.trials))
    gap = score_text("loss", median(t.gap for t in numbers.trials))
    said = (
        f"{count(len(numbers.trials), 'trial')} by train loss (median {train}) and gap between "
        f"validation and train loss (median {gap})."
    )
    best = numbers.best
    if best is not None and best in numbers.trials:
        train, gap = score_text("loss", best.train_loss), score_text("loss", best.gap)
        said += f" The best trial has train loss {train} and gap {gap}."
    return said


def drawing(numbers: BiasVariancePlane, colour_by: str = "outcome") -> go.Figure:
    """Every trial at its best epoch: to the left fits better, further down generalizes better.

    Args:
        colour_by: a key of `numbers.colours`.
    """
    made = style.figure(440)
    made.add_traces(points(numbers, colour_by))
    title, losses = style.loss_title(numbers.loss, "train"), [t.train_loss for t in numbers.trials]
    made.update_layout(
        xaxis={"title": title, **style.loss_axis(losses)},
        yaxis={
            "title": "generalization gap (validation − train)",
            **_gap_axis([t.gap for t in numbers.trials]),
        },
    )
    is_log = made.layout.xaxis.type == "log"
    if numbers.baseline_loss is not None and (numbers.baseline_loss > 0 or not is_log):
        _add_baseline(made, numbers.baseline_loss)
    return made


def _add_baseline(made: go.Figure, loss: float) -> None:
    """Where predicting class frequencies or the mean lies: right of it nothing was learned."""
    made.update_layout(shapes=[style.vertical_line(loss, "dash")])
    is_log = made.layout.xaxis.type == "log"
    made.add_annotation(
        x=math.log10(loss) if is_log else loss,  # Plotly wants annotations in log units
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right",
        text="baseline",
    )


def _gap_axis(gaps: Sequence[float]) -> dict[str, Any]:
    """Linear, since gaps may be negative; the outermost 2 % on either side may lie outside."""
    if not gaps:
        return {}
    low, high = np.quantile(gaps, [0.02, 0.98])
    margin = 0.15 * (high - low) or 0.1
    return {"range": [float(min(low, 0.0) - margin), float(high + margin)], "zeroline": True}


def points(numbers: BiasVariancePlane, colour_by: str) -> list[go.Scatter]:
    """The points, one trace per category, or one with a colour bar for numbers; the best last."""
    values = dict(zip(numbers.trials, numbers.colours[colour_by], strict=True))
    if colour_by == "outcome":
        made = [
            _scatter(trials, name=outcome, marker=style.outcome_marker(outcome, 8))
            for outcome, trials in reversed(style.by_outcome(numbers.trials))
        ]
    elif all(v is None or type(v) in (int, float) for v in values.values()):
        made = [_coloured_points(colour_by, values)]
    else:
        made = _category_points(values)
    return [*made, *_best_point(numbers)]


def _category_points(values: Mapping[Trial, ParameterValue]) -> list[go.Scatter]:
    """Up to as many categories as there are colours; symbols repeat them, the rest is grey."""
    symbols = ("circle", "square", "diamond", "triangle-up", "cross", "star")
    names = sorted({str(v) for v in values.values() if v is not None})
    shown = names[: len(style.CYCLE)]
    traces = []
    for name, colour, symbol in zip(shown, style.CYCLE, symbols, strict=False):
        trials = [t for t, v in values.items() if v is not None and str(v) == name]
        marker = {"color": colour, "symbol": symbol, "size": 8, "opacity": 0.8}
        traces.append(_scatter(trials, name=style.text(name), marker=marker))
    rest = [t for t, v in values.items() if v is None or str(v) not in shown]
    if rest:
        label = "other" if len(names) > len(shown) else "not used"
        marker = {"color": style.GREY, "size": 6, "symbol": "circle-open"}
        traces.append(_scatter(rest, name=label, marker=marker))
    return traces


def _coloured_points(name: str, values: Mapping[Trial, Any]) -> go.Scatter:
    """Numbers as shades: those of their logarithms where they span more than a factor of 50."""
    finite = {t: float(v) for t, v in values.items() if v is not None and math.isfinite(v)}
    low, high = min(finite.values(), default=0.0), max(finite.values(), default=0.0)
    is_log = low > 0 and high / low > 50
    bar = style.colour_bar(style.text(name), len=0.9)
    if is_log:
        bar |= ticks.log_bar(low, high)
    shades = [math.log10(value) if is_log else value for value in finite.values()]
    marker = {"color": style.single(shades), "colorscale": style.SEQUENTIAL, "size": 8,
              "opacity": 0.85, "showscale": True, "colorbar": bar}  # fmt: skip
    return _scatter([*finite], name=style.text(name), marker=marker)


def _scatter(trials: Sequence[Trial], *, name: str, marker: Mapping[str, Any]) -> go.Scatter:
    return go.Scatter(
        x=style.single([t.train_loss for t in trials]),
        y=style.single([t.gap for t in trials]),
        customdata=style.single([t.number for t in trials]),
        mode="markers",
        name=name,
        marker=marker,
        hovertemplate="trial %{customdata:.0f}<br>train loss %{x:.4g}<br>gap %{y:.4g}"
        "<extra></extra>",
    )


def _best_point(numbers: BiasVariancePlane) -> list[go.Scatter]:
    best = numbers.best
    if best is None or best not in numbers.trials:
        return []
    return [
        go.Scatter(
            x=[best.train_loss],
            y=[best.gap],
            mode="markers",
            name=f"best (trial {best.number})",
            marker={
                "symbol": "star",
                "size": 17,
                "color": style.GREEN,
                "line": {"width": 1.5, "color": "white"},
            },
            hovertemplate="best trial<br>train loss %{x:.4g}<br>gap %{y:.4g}<extra></extra>",
        )
    ]
