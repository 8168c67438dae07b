"""Gradient flow: the signals of one trial's layers over its epochs.

Drawn are the best trial and the one whose gradient shrank most on its way to the input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from automl.errors import ConfigError
from automl.report import style
from automl.report.numbers.gradients import VANISHED, initial_ratios
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place, Remark
from automl.wording.numbers import number
from storage.records import LayerGradientRecord

PLACE = Place("gradients")


@dataclass(frozen=True, slots=True)
class GradientFlow:
    """The signals of one trial's layers at the epochs where they were measured."""

    number: int
    moments: Mapping[int, tuple[LayerGradientRecord, ...]]  # by epoch, 0 is initialization

    @property
    def layers(self) -> list[str]:
        """The layers' names, the input's first."""
        return [layer.name for layer in next(iter(self.moments.values()))]

    @property
    def gradient_norm(self) -> Floats:
        """Of each layer at each moment: (layers, epochs)."""
        columns = [[layer.gradient_norm for layer in layers] for layers in self.moments.values()]
        return np.array(columns, dtype=np.float64).T


def gradient_flow(table: StudyTable, number: int) -> GradientFlow | None:
    """The signals of one trial; None where none were kept."""
    for run in table.records.search_runs(number):
        initial = table.records.initial_layers.get(run.run_id)
        moments = {0: initial} if initial else {}
        epochs = table.records.epochs.get(run.run_id, ())
        moments |= {record.epoch: record.layers for record in epochs if record.layers}
        if moments:
            return GradientFlow(number, dict(sorted(moments.items())))
    return None


def panels(table: StudyTable) -> list[Panel | Remark]:
    """Gradient flow of the best trial and of the weakest, or that it is not weak."""
    made: list[Panel | Remark] = []
    best = gradient_flow(table, table.best.number) if table.best else None
    if best is not None:
        made.append(_panel("flow-best", "Best trial", best))
    ratios = initial_ratios(table)
    if not ratios:
        return made
    weakest = min(ratios, key=lambda trial: ratios[trial])
    if ratios[weakest] >= VANISHED:
        text = (
            "In no trial did the gradient shrink a thousandfold on its way to the input before "
            f"the first update; the weakest is trial {weakest}, with "
            f"{number(float(10 ** ratios[weakest]))} of the last hidden layer's gradient in the "
            "first one."
        )
        made.append(Remark(PLACE, "flow-worst", "Weakest flow", text))
    elif best is None or weakest != best.number:
        flow = gradient_flow(table, weakest)
        made += [_panel("flow-worst", "Weakest flow", flow)] if flow else []
    return made


def _panel(key: str, title: str, flow: GradientFlow) -> Panel:
    return Panel(PLACE, key, f"{title} (trial {flow.number})", words(flow), drawing(flow))


def figure(table: StudyTable, trial_number: int | None = None) -> go.Figure:
    """Gradient norms by layer and epoch.

    Args:
        trial_number: None for the best trial.

    Raises:
        ConfigError: no layer signals of that trial are stored.
    """
    if trial_number is None:
        trial_number = table.best.number if table.best else -1
    flow = gradient_flow(table, trial_number)
    if flow is None:
        raise ConfigError(f"No gradient records of trial {trial_number} are stored.")
    return drawing(flow)


def words(flow: GradientFlow) -> str:
    """The gradient norm of the first and the last layer, at the first and the last moment."""
    norms, epochs = flow.gradient_norm, list(flow.moments)
    start = "initialization" if epochs[0] == 0 else f"epoch {epochs[0]}"
    return (
        f"Gradient norms of trial {flow.number} at {start}: {norms[0, 0]:.1e} in the layer "
        f"nearest the input, {norms[-1, 0]:.1e} in the output layer; at epoch "
        f"{epochs[-1]}: {norms[0, -1]:.1e} and {norms[-1, -1]:.1e}."
    )


def drawing(flow: GradientFlow) -> go.Figure:
    """Layers by epochs, coloured by the logarithm of the gradient norm."""
    made = style.figure(150 + 34 * len(flow.layers), showlegend=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        heights = np.log10(np.maximum(flow.gradient_norm, 1e-12))
    finite = heights[np.isfinite(heights)]
    by_layer = zip(*flow.moments.values(), strict=True)
    made.add_heatmap(
        z=style.single(heights),
        x=["start" if epoch == 0 else str(epoch) for epoch in flow.moments],
        y=[style.text(name) for name in flow.layers],
        colorscale=style.SEQUENTIAL,
        zmin=float(finite.min(initial=-4.0)),
        zmax=float(finite.max(initial=1.0)),
        xgap=2,
        ygap=2,
        customdata=[[_hover(moment) for moment in layer] for layer in by_layer],
        hovertemplate="%{y}, epoch %{x}<br>%{customdata}<extra></extra>",
        colorbar=style.colour_bar(
            "norm", tickprefix="10<sup>", ticksuffix="</sup>", tickformat="d", nticks=6
        ),
    )
    made.update_layout(
        margin={"t": 12},
        xaxis={"type": "category", "title": "epoch", "showgrid": False, "ticks": ""},
        yaxis={"showgrid": False, "ticks": "", "ticksuffix": "  "},
    )
    return made


def _hover(layer: LayerGradientRecord) -> str:
    """What a cell says: the norm, the update ratio, and shares where they are not zero."""
    lines = [f"gradient norm {layer.gradient_norm:.2e}"]
    if math.isfinite(layer.update_ratio):
        lines.append(f"update / weight {layer.update_ratio:.1e}")
    for name, share in (("saturated", layer.saturated_fraction), ("dead", layer.dead_fraction)):
        if share > 0:
            lines.append(f"{share:.0%} {name}")
    return "<br>".join(lines)
