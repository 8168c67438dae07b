"""Validation loss against what a network costs: its parameters, and the time of a call.

Below and to the left is better. The front is made of trials than which no other is both smaller
and better. Pruned trials are left out: their losses are of a few epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from automl.diagnostics.trade_off import smallest_equal, standard_error_of_best
from automl.report import style, ticks
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial, sample_trials
from automl.report.panels import Panel, Place, alone, omitted
from automl.wording.counts import count
from automl.wording.numbers import brief_time
from automl.wording.scores import score_text

PLACE = Place("curves", width="half", heading="What size is worth")
N_POINTS = 2000


@dataclass(frozen=True, slots=True)
class TradeOff:
    """Complete trials by one cost and their losses.

    Attributes:
        name: the cost's: "parameters" or "latency".
        unit: by which `cost` is divided on the axis.
        cost: of each trial.
        trials: that are drawn.
        front: trials than which no other is both cheaper and better, the cheapest first.
        best: the trial of the lowest loss.
        equal: the one of the fewest parameters as good as the best; None: the best itself.
        limit: the most that a network may cost; None: anything.
    """

    loss: str
    name: str
    unit: float
    cost: dict[Trial, float]
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    best: Trial
    equal: Trial | None
    limit: float | None
    standard_error: float  # of the best one's loss

    def text(self, trial: Trial) -> str:
        """A trial's cost in words."""
        cost = self.cost[trial]
        return brief_time(cost) if self.name == "latency" else count(round(cost), "parameter")

    def at(self, trials: Sequence[Trial]) -> list[float]:
        """Where trials lie on the axis of the cost."""
        return [self.cost[trial] / self.unit for trial in trials]


def trade_offs(table: StudyTable) -> list[TradeOff]:
    """Losses against parameters, and against latencies where these were measured.

    Only where trials differ in them, and the best one's is known.
    """
    settings = table.records.settings
    sizes = {t: float(t.n_parameters) for t in table.ranked if t.n_parameters}
    times = {t: t.latency for t in table.ranked if t.latency}
    found = [
        _trade_off(table, "parameters", 1.0, sizes, settings.max_parameters),
        _trade_off(table, "latency", 1e-3, times, settings.max_latency),
    ]
    return [one for one in found if one is not None]


def _trade_off(
    table: StudyTable, name: str, unit: float, cost: dict[Trial, float], limit: float | None
) -> TradeOff | None:
    best = table.best
    if best not in cost or len(set(cost.values())) < 2:
        return None
    equal = smallest_equal(table.records)
    smaller = next((t for t in cost if equal and t.number == equal.trial.number), None)
    drawn = sample_trials(list(cost), N_POINTS)
    front = pareto_front(cost)
    error = standard_error_of_best(table.records) or 0.0
    return TradeOff(table.loss, name, unit, cost, drawn, front, best, smaller, limit, error)


def pareto_front(cost: dict[Trial, float]) -> tuple[Trial, ...]:
    """Trials than which no other has at most their cost and a lower loss, the cheapest first."""
    front: list[Trial] = []
    for trial in sorted(cost, key=lambda t: (cost[t], t.value, t.number)):
        if not front or trial.value < front[-1].value:
            front.append(trial)
    return tuple(front)


def panels(table: StudyTable) -> list[Panel]:
    """A panel for each cost that is known of trials and differs between them."""
    n_folds = max((t.curve.n_folds for t in table.ranked), default=1)
    made = []
    for numbers in trade_offs(table):
        title = "Loss and parameters" if numbers.name == "parameters" else "Loss and latency"
        caption = _caption(numbers, table, n_folds) + omitted(
            len(numbers.cost) - len(numbers.trials)
        )
        key = f"trade-off-{numbers.name}"
        made.append(Panel(PLACE, key, title, words(numbers), drawing(numbers), caption))
    return made


figure = alone(panels, "No two complete trials have networks of different size.")


def _caption(numbers: TradeOff, table: StudyTable, n_folds: int) -> str:
    said = "Complete trials only. The shaded band is one standard error above the best loss."
    if numbers.name == "latency":
        n_rows = table.records.settings.latency_rows
        said += f" Latency: one call of the network on {count(n_rows, 'row')}, on one core."
    if n_folds > 1:
        said += f" Of one network; the answer is the mean of {n_folds}, one per fold."
    return said


def words(numbers: TradeOff) -> str:
    """The ends of the front, and the smallest network that is as good as the best."""
    best, least = numbers.best, numbers.front[0]
    said = (
        f"Validation loss of {count(len(numbers.cost), 'complete trial')} against "
        f"{numbers.name}. The best, trial {best.number}, has {score_text('loss', best.value)} "
        f"at {numbers.text(best)}; the front of {count(len(numbers.front), 'trial')} begins with "
        f"trial {least.number}: {score_text('loss', least.value)} at {numbers.text(least)}."
    )
    if numbers.equal is not None:
        said += (
            f" Trial {numbers.equal.number}, {numbers.text(numbers.equal)}, is as good within "
            "the error."
        )
    return said


def drawing(numbers: TradeOff) -> go.Figure:
    """A point for each trial, the front as a staircase, the best and the smaller one marked."""
    made = style.figure(380)
    best = numbers.best
    made.add_scatter(
        x=style.single(numbers.at(numbers.trials)),
        y=style.single([t.value for t in numbers.trials]),
        customdata=[[t.number, numbers.text(t)] for t in numbers.trials],
        mode="markers",
        name="complete",
        marker=style.outcome_marker("complete", 7, is_faint=True),
        hovertemplate="trial %{customdata[0]}<br>%{customdata[1]}<br>%{y:.4g}<extra></extra>",
    )
    made.add_scatter(
        x=numbers.at(numbers.front),
        y=[t.value for t in numbers.front],
        mode="lines+markers",
        name="front",
        line={"color": style.VERMILLION, "width": 2, "shape": "hv"},
        marker={"size": 5},
        hoverinfo="skip",
    )
    _mark(made, numbers, best, f"best (trial {best.number})", "star", style.GREEN)
    if numbers.equal is not None:
        label = f"as good, fewest parameters (trial {numbers.equal.number})"
        _mark(made, numbers, numbers.equal, label, "diamond", style.ORANGE)
    shapes: list[dict[str, Any]] = [_band(numbers)]
    if numbers.limit is not None:
        shapes.append(style.vertical_line(numbers.limit / numbers.unit, "dot"))
    costs = numbers.at([*numbers.cost])
    known = [*costs, numbers.limit / numbers.unit] if numbers.limit else costs
    title = "latency (ms)" if numbers.name == "latency" else "parameters"
    x_axis = ticks.log_layout(min(known) / 1.15, max(known) * 1.15)
    y_axis = style.loss_axis([t.value for t in numbers.cost], [t.value for t in numbers.front])
    made.update_layout(
        shapes=shapes,
        xaxis={"title": title, **x_axis},
        yaxis={"title": style.loss_title(numbers.loss, "validation"), **y_axis},
    )
    return made


def _mark(
    made: go.Figure, numbers: TradeOff, trial: Trial, name: str, symbol: str, colour: str
) -> None:
    made.add_scatter(
        x=numbers.at([trial]),
        y=[trial.value],
        mode="markers",
        name=name,
        marker={
            "symbol": symbol,
            "size": 15,
            "color": colour,
            "line": {"width": 1.5, "color": "white"},
        },
        hovertemplate=f"{name}<br>{numbers.text(trial)}<br>%{{y:.4g}}<extra></extra>",
    )


def _band(numbers: TradeOff) -> dict[str, Any]:
    """Losses that cannot be told from the best one's."""
    return {
        "type": "rect",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": numbers.best.value,
        "y1": numbers.best.value + numbers.standard_error,
        "fillcolor": style.FAINT,
        "line": {"width": 0},
        "layer": "below",
    }
