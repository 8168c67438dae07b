"""How even the gradient's flow is before the first update, trial by trial."""

from __future__ import annotations

import math

from automl.diagnostics.layer_signals import begins_at_constant
from automl.report.numbers.study import StudyTable
from storage.records import LayerGradientRecord

VANISHED = -3.0
"""log10 of the ratio below which gradients have vanished: a layer that learns a thousand
times slower than the last one hardly moves in a training of some thousand steps. Shown as a
count in the table; the verdict's own thresholds are in `automl.diagnostics`."""
EXPLODED = 3.0


def initial_ratios(table: StudyTable) -> dict[int, float]:
    """log10 of the first hidden layer's gradient norm over the last one's, by trial.

    0 is even flow, -3 a gradient that has vanished a thousandfold on its way to the input. None
    of a network whose output layer begins at zero.
    """
    ratios = {}
    for trial in table.trials:
        for run in table.records.search_runs(trial.number)[:1]:
            layers = table.records.initial_layers.get(run.run_id, ())
            if len(layers) > 2 and not begins_at_constant(layers):
                ratios[trial.number] = _log_ratio(layers[:-1])
    return ratios


def _log_ratio(hidden: tuple[LayerGradientRecord, ...]) -> float:
    first, last = hidden[0].gradient_norm, hidden[-1].gradient_norm
    tiny = 1e-12  # an exact zero (zero initialization) counts as twelve orders of magnitude
    if not (math.isfinite(first) and math.isfinite(last)):
        return math.inf
    return math.log10(max(first, tiny)) - math.log10(max(last, tiny)) if last > tiny else -12.0
