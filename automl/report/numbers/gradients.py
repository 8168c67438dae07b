"""Numbers of gradient flow: one trial's layers over time, and all trials at initialization."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from automl.report.numbers.trials import Floats, StudyTable
from storage.effort import last_attempts
from storage.records import LayerGradientRecord


@dataclass(frozen=True, slots=True, eq=False)
class GradientFlow:
    """The signals of one trial's layers at the epochs where they were measured.

    Shape:
        gradient_norm, update_ratio, saturated, dead: (layers, epochs); the input's layer first.
    """

    number: int
    layers: tuple[str, ...]
    epochs: tuple[int, ...]  # 0 is initialization
    gradient_norm: Floats
    update_ratio: Floats
    saturated: Floats
    dead: Floats


@dataclass(frozen=True, slots=True)
class WeakestFlow:
    """The trial with the weakest gradient at the input, whether or not that is weak."""

    flow: GradientFlow
    log_ratio: float  # log10 of the first hidden layer's gradient norm over that of the last one

    @property
    def ratio(self) -> float:
        """The first hidden layer's gradient norm over that of the last one."""
        return float(10**self.log_ratio)

    @property
    def has_vanished(self) -> bool:
        """Whether it is too weak for the first layer to learn."""
        return self.log_ratio < VANISHED


@dataclass(frozen=True, slots=True)
class InitializationCell:
    """All trials of one activation and one initialization, before their first update."""

    activation: str
    initialization: str
    n_trials: int
    # Median over trials of log10(gradient norm of the first layer / of the last hidden one):
    # 0 is even flow, -3 a gradient that has vanished a thousandfold on its way to the input.
    log_ratio: float
    n_vanished: int
    n_exploded: int
    best_value: float  # lowest validation loss of the complete ones; NaN without any


@dataclass(frozen=True, slots=True)
class InitializationTable:
    """Activation x initialization."""

    activations: tuple[str, ...]
    initializations: tuple[str, ...]
    cells: tuple[InitializationCell, ...]


VANISHED = -3.0
"""log10 of the ratio below which gradients have vanished: a layer that learns a thousand
times slower than the last one hardly moves in a training of some thousand steps. Shown as a
count in the table; the verdict's own thresholds are in `automl.diagnostics`."""
EXPLODED = 3.0


def gradient_flow(table: StudyTable, number: int) -> GradientFlow | None:
    """The signals of one trial; None where none were kept."""
    for run in last_attempts(table.records).get(number, []):
        moments: dict[int, tuple[LayerGradientRecord, ...]] = {}
        if initial := table.records.initial_layers.get(run.run_id):
            moments[0] = initial
        for record in table.records.epochs.get(run.run_id, ()):
            if record.layers:
                moments[record.epoch] = record.layers
        if moments:
            return _flow(number, moments)
    return None


def _flow(number: int, moments: dict[int, tuple[LayerGradientRecord, ...]]) -> GradientFlow:
    epochs = tuple(sorted(moments))
    names = tuple(layer.name for layer in moments[epochs[0]])

    def matrix(field: str) -> Floats:
        columns = [[getattr(layer, field) for layer in moments[epoch]] for epoch in epochs]
        return np.array(columns, dtype=np.float64).T

    return GradientFlow(
        number=number,
        layers=names,
        epochs=epochs,
        gradient_norm=matrix("gradient_norm"),
        update_ratio=matrix("update_ratio"),
        saturated=matrix("saturated_fraction"),
        dead=matrix("dead_fraction"),
    )


def weakest_flow(table: StudyTable) -> WeakestFlow | None:
    """The trial whose gradient shrank most on its way to the input, at initialization."""
    ratios = _initial_ratios(table)
    if not ratios:
        return None
    number = min(ratios, key=lambda trial: ratios[trial])
    flow = gradient_flow(table, number)
    return WeakestFlow(flow, ratios[number]) if flow else None


def _initial_ratios(table: StudyTable) -> dict[int, float]:
    """log10 of first over last hidden layer's gradient norm, by trial, at initialization."""
    runs = last_attempts(table.records)
    ratios = {}
    for trial in table.trials:
        for run in runs.get(trial.number, [])[:1]:
            hidden = table.records.initial_layers.get(run.run_id, ())[:-1]
            if len(hidden) >= 2:
                ratios[trial.number] = _log_ratio(hidden)
    return ratios


def _log_ratio(hidden: tuple[LayerGradientRecord, ...]) -> float:
    first, last = hidden[0].gradient_norm, hidden[-1].gradient_norm
    tiny = 1e-12  # an exact zero (zero initialization) counts as twelve orders of magnitude
    if not (math.isfinite(first) and math.isfinite(last)):
        return math.inf
    return math.log10(max(first, tiny)) - math.log10(max(last, tiny)) if last > tiny else -12.0


def initialization_table(table: StudyTable) -> InitializationTable | None:
    """Gradient flow by activation and initialization; None where nothing was measured."""
    ratios = _initial_ratios(table)
    groups: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for trial in table.trials:
        if trial.number in ratios:
            pair = (
                str(trial.params.get("activation", "fixed")),
                str(trial.params.get("initialization", "fixed")),
            )
            value = trial.value if trial.is_ranked else math.nan
            groups[pair].append((ratios[trial.number], value))
    if not groups:
        return None
    return InitializationTable(
        activations=tuple(sorted({pair[0] for pair in groups})),
        initializations=tuple(sorted({pair[1] for pair in groups})),
        cells=tuple(_cell(*pair, groups[pair]) for pair in sorted(groups)),
    )


def _cell(
    activation: str, initialization: str, members: list[tuple[float, float]]
) -> InitializationCell:
    ratios = [ratio for ratio, _ in members]
    values = [value for _, value in members if math.isfinite(value)]
    return InitializationCell(
        activation=activation,
        initialization=initialization,
        n_trials=len(members),
        log_ratio=float(np.median(ratios)),
        n_vanished=sum(ratio < VANISHED for ratio in ratios),
        n_exploded=sum(ratio > EXPLODED for ratio in ratios),
        best_value=min(values, default=math.nan),
    )
