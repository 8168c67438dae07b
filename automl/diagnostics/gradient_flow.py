"""Why a network does not learn: signals that vanish, explode, die or saturate on their way.

`hopeless` judges the layers of one batch before the first epoch. `find_cause` names the
cause of a bad curve from the layers measured along training. Which activation, initialization,
depth and normalization go wrong together in a study: `designs.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.advice import advise
from automl.diagnostics.learning_curves import UNFITTED, Fit
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import (
    CLIMB,
    DEAD_FRACTION,
    EXPLODING_NORM,
    EXPLODING_RATIO,
    HOPELESS_EXPLOSION,
    HOPELESS_GRADIENT_NORM,
    HOPELESS_RATIO,
    LARGE_UPDATE_RATIO,
    OVERSHOOT,
    ROUGHNESS,
    SATURATED_FRACTION,
    SMALL_UPDATE_RATIO,
    STEADY_SHARE,
    THROWN_LOSS,
    VANISHING_RATIO,
    WEAK_RATIO,
    WEIGHT_GROWTH,
)
from automl.diagnostics.wording import count, number, percent
from storage.records import (
    Diagnosis,
    Json,
    LayerGradientRecord,
    StudyRecords,
)

STEP_CAUSES = frozenset({"steps_too_small", "steps_too_large"})
"""Causes that are of the learning rate; the others are of the signals between the layers."""


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """The layers of a run in numbers; NaN where nothing was measured."""

    n_layers: int  # hidden layers
    input_ratio: float  # gradient norm nearest the input / of the output layer, at the start
    largest_gradient: float  # at the start
    dead_at_start: float  # highest share of dead units in a hidden layer
    dead_at_end: float
    saturated_at_start: float
    saturated_at_end: float
    update_ratio: float  # median over layers and moments
    weight_growth: float  # largest weight norm of a layer at the end over that at the start
    gradient_left: float  # largest gradient norm of a layer at the end over that at the start
    is_symmetric: bool  # all hidden weights are zero at the start
    is_finite: bool  # at the start


@dataclass(frozen=True, slots=True)
class Cause:
    """What keeps a network from learning, in words that go on from "in trial 7, "."""

    kind: str
    words: str

    def message(self, trial_number: int) -> str:
        """The sentences for people."""
        title = self.kind.replace("_", " ").capitalize()
        return f"{title}: in trial {trial_number}, {self.words}"


def hopeless(layers: Sequence[LayerGradientRecord]) -> str | None:
    """Judge a network before its first epoch, from one batch: the kind of failure, or None.

    It speaks up only where no usual training recovers: signals that are not numbers, that
    overflow, or gradients below what the optimizers can see.

    Args:
        layers: the records at initialization, input side first.

    Returns:
        "exploding_gradients", "symmetric_initialization", "dead_units",
        "vanishing_gradients", or None where the network may learn.
    """
    if not layers:
        return None
    hidden = layers[:-1]
    if not _are_finite(layers) or _largest_gradient(layers) > HOPELESS_EXPLOSION:
        return "exploding_gradients"
    if _is_symmetric(hidden) and all(layer.gradient_norm == 0 for layer in hidden):
        return "symmetric_initialization"
    if any(layer.dead_fraction >= 1 for layer in hidden):
        return "dead_units"
    if hidden and _vanishes_for_good(layers):
        return "vanishing_gradients"
    return None


def flow_facts(
    initial: Sequence[LayerGradientRecord],
    later: Sequence[Sequence[LayerGradientRecord]],
) -> FlowFacts | None:
    """The facts of a run's layers, or None where none were measured.

    Args:
        initial: at initialization; may be empty, and then the first of `later` stands in.
        later: at epochs 1, 2, 4, ...
    """
    moments = [layers for layers in later if layers]
    start = initial or (moments[0] if moments else ())
    if not start:
        return None
    end = moments[-1] if moments else start
    ratios = [layer.update_ratio for layers in moments for layer in layers]
    known = [ratio for ratio in ratios if math.isfinite(ratio)]
    return FlowFacts(
        n_layers=len(start) - 1,
        input_ratio=_input_ratio(start),
        largest_gradient=_largest_gradient(start),
        dead_at_start=_highest(start, "dead_fraction"),
        dead_at_end=_highest(end, "dead_fraction"),
        saturated_at_start=_highest(start, "saturated_fraction"),
        saturated_at_end=_highest(end, "saturated_fraction"),
        update_ratio=float(np.median(known)) if known else math.nan,
        weight_growth=_weight_growth(start, end),
        gradient_left=_gradient_left(start, end),
        is_symmetric=bool(initial) and _is_symmetric(initial[:-1]),
        is_finite=_are_finite(start),
    )


def trial_flow(records: StudyRecords, trial_number: int) -> FlowFacts | None:
    """The facts of a trial's first fold: folds share their configuration."""
    for run in records.search_runs(trial_number):
        initial = records.initial_layers.get(run.run_id, ())
        later = [epoch.layers for epoch in records.epochs.get(run.run_id, ())]
        facts = flow_facts(initial, later)
        if facts:
            return facts
    return None


def find_cause(fit: Fit, flow: FlowFacts) -> Cause | None:
    """Name what in the flow of gradients explains a bad curve; None where nothing does."""
    if flow.is_symmetric:
        return Cause("symmetric_initialization", _symmetric_words())
    if not _is_bad(fit):
        return _large_steps(fit, flow) or _small_steps(fit, flow)
    weak = WEAK_RATIO if fit.kind == "not_learning" else VANISHING_RATIO
    return (
        _start_cause(flow, weak)
        or _large_steps(fit, flow)
        or _lost_units(flow)  # before small steps: units that died make steps small
        or _small_steps(fit, flow)
    )


def diagnose_flow(cause: Cause, fit: Fit, flow: FlowFacts, situation: Situation) -> Diagnosis:
    """Word a cause for people, with the layers it was seen in."""
    evidence: dict[str, Json] = {
        "n_layers": flow.n_layers,
        "input_gradient_over_output_gradient": flow.input_ratio,
        "largest_gradient_norm": flow.largest_gradient,
        "dead_fraction_at_start": flow.dead_at_start,
        "dead_fraction_at_end": flow.dead_at_end,
        "saturated_fraction_at_start": flow.saturated_at_start,
        "saturated_fraction_at_end": flow.saturated_at_end,
        "update_ratio": flow.update_ratio,
        "weight_growth": flow.weight_growth,
        "gradient_left": flow.gradient_left,
        "lowest_train_loss": fit.facts.lowest_train_loss,
        "baseline_loss": fit.references.baseline_loss,
    }
    return Diagnosis(
        kind=cause.kind,
        severity="problem",
        message=cause.message(situation.trial.number),
        evidence=evidence,
        advice=advise(cause.kind, situation),
        trial_number=situation.trial.number,
    )


def start_problem(layers: Sequence[LayerGradientRecord]) -> str | None:
    """The kind of bad start that the layers of one batch show, whether or not it is recovered."""
    if not layers:
        return None
    if _is_symmetric(layers[:-1]):
        return "symmetric_initialization"
    flow = flow_facts(layers, ())
    cause = _start_cause(flow, VANISHING_RATIO) if flow else None
    return cause.kind if cause else None


def _is_bad(fit: Fit) -> bool:
    return fit.kind in UNFITTED


def _start_cause(flow: FlowFacts, vanishing_ratio: float) -> Cause | None:
    """What was wrong before the first step."""
    if not flow.is_finite or flow.largest_gradient > EXPLODING_NORM:
        return Cause("exploding_gradients", _exploding_words(flow))
    if flow.input_ratio > EXPLODING_RATIO:
        return Cause("exploding_gradients", _exploding_words(flow))
    if flow.dead_at_start >= DEAD_FRACTION:
        return Cause("dead_units", _dead_words(flow.dead_at_start))
    if flow.input_ratio < vanishing_ratio:
        return Cause("vanishing_gradients", _vanishing_words(flow))
    if flow.saturated_at_start >= SATURATED_FRACTION:
        return Cause("saturated_units", _saturated_words(flow.saturated_at_start))
    return None


def _is_put_out(fit: Fit, flow: FlowFacts) -> bool:
    """Whether the gradients were there at the start, and are gone although nothing was learned.

    It shows whatever the activation: only those of the ReLU family have units that are dead.
    """
    return fit.kind == "not_learning" and flow.gradient_left < VANISHING_RATIO


def _large_steps(fit: Fit, flow: FlowFacts) -> Cause | None:
    facts = fit.facts
    if fit.kind == "diverged":
        return Cause("steps_too_large", _large_words(fit, flow))
    baseline = fit.references.baseline_loss
    overshot = facts.highest_train_loss > OVERSHOOT * baseline or facts.climb > CLIMB * baseline
    # A good fit's loss jumps about its floor, which harms nothing.
    jumps = fit.kind == "not_learning" or (_is_bad(fit) and facts.roughness > ROUGHNESS)
    is_far = fit.kind == "not_learning" or facts.highest_train_loss > THROWN_LOSS * baseline
    thrown = is_far and flow.weight_growth > WEIGHT_GROWTH
    # Weights that shrank were not thrown: penalties put a network out, too.
    thrown = thrown or (_is_put_out(fit, flow) and flow.weight_growth > 1)
    if overshot or thrown or (flow.update_ratio > LARGE_UPDATE_RATIO and jumps):
        return Cause("steps_too_large", _large_words(fit, flow))
    return None


def _small_steps(fit: Fit, flow: FlowFacts) -> Cause | None:
    """Steps that are small by their learning rate, not for want of a gradient."""
    facts = fit.facts
    small = flow.update_ratio < SMALL_UPDATE_RATIO and not _is_put_out(fit, flow)
    if small and (fit.kind == "not_learning" or facts.last_train_progress > STEADY_SHARE):
        return Cause("steps_too_small", _small_words(fit, flow))
    return None


def _lost_units(flow: FlowFacts) -> Cause | None:
    """Units that were alive at the start: steps drove them to where they stay.

    Measured on ReLU networks whose units died that way (Adam, 0.03 to 0.15): a tenth of the
    learning rate lowered the fresh loss in 9 of 9, leaky ReLU in wider layers in 5.
    """
    if flow.dead_at_end >= DEAD_FRACTION:
        lost = f"{percent(flow.dead_at_end)} of the units of one layer died on the way"
        harm = "They are zero on every row, pass nothing on and get no gradient."
    elif flow.saturated_at_end >= SATURATED_FRACTION:
        lost = f"{percent(flow.saturated_at_end)} of the activations of one layer ended"
        lost += " at the flat ends of the activation function"
        harm = "Its gradient is almost zero there."
    else:
        return None
    return Cause("steps_too_large", f"{lost}. {harm}")


def _symmetric_words() -> str:
    return (
        "all weights begin at zero, so all units of a layer compute the same, get the same "
        "gradient and stay alike: each layer can do no more than a single unit."
    )


def _vanishing_words(flow: FlowFacts) -> str:
    return (
        f"the gradient in the layer nearest the input has, before the first step, "
        f"{number(flow.input_ratio, 2)} times the norm of the output layer's, over "
        f"{count(flow.n_layers, 'hidden layer')}. The first layers hardly learn."
    )


def _exploding_words(flow: FlowFacts) -> str:
    if not flow.is_finite:
        return "values are infinite or not numbers before the first step."
    return (
        f"the largest gradient norm of a layer is, before the first step, "
        f"{number(flow.largest_gradient, 2)}, and the one nearest the input has "
        f"{number(flow.input_ratio, 2)} times the norm of the output layer's."
    )


def _dead_words(share: float) -> str:
    return (
        f"{percent(share)} of the units of one layer are zero on every row before the first "
        f"step. They pass nothing on and get no gradient."
    )


def _saturated_words(share: float) -> str:
    return (
        f"{percent(share)} of the activations of one layer lie, before the first step, at the "
        f"flat ends of the activation function, where its gradient is almost zero."
    )


def _large_words(fit: Fit, flow: FlowFacts) -> str:
    size = ""
    if math.isfinite(flow.update_ratio):
        size = f" A typical step changed the weights by {percent(flow.update_ratio)}."
    if fit.kind == "diverged":
        return f"the loss became infinite or not a number in epoch {fit.facts.n_epochs}.{size}"
    thrown = "the network was thrown to where it does not learn."
    if _is_put_out(fit, flow):
        return (
            f"{thrown} At the end the largest gradient norm of a layer was "
            f"{number(flow.gradient_left, 2)} times that at the start: no layer could learn on."
        )
    if flow.weight_growth > WEIGHT_GROWTH:
        grown = number(flow.weight_growth, 2)
        return f"{thrown} The weights of one layer grew to {grown} times their size."
    return f"the train loss jumps instead of coming down.{size}"


def _small_words(fit: Fit, flow: FlowFacts) -> str:
    size = f"a typical step changed the weights by {percent(flow.update_ratio)}"
    if fit.kind == "not_learning":
        return f"{size}, too little to get anywhere in {count(fit.facts.n_epochs, 'epoch')}."
    return (
        f"{size}, and the last fifth of {count(fit.facts.n_epochs, 'epoch')} still brought "
        f"{percent(fit.facts.last_train_progress)} of the fall of the train loss."
    )


def _are_finite(layers: Sequence[LayerGradientRecord]) -> bool:
    values = ((layer.gradient_norm, layer.activation_standard_deviation) for layer in layers)
    return all(math.isfinite(value) for pair in values for value in pair)


def _largest_gradient(layers: Sequence[LayerGradientRecord]) -> float:
    return max((layer.gradient_norm for layer in layers), default=math.nan)


def _highest(layers: Sequence[LayerGradientRecord], name: str) -> float:
    """The highest share among the hidden layers."""
    return max((float(getattr(layer, name)) for layer in layers[:-1]), default=0.0)


def _is_symmetric(hidden: Sequence[LayerGradientRecord]) -> bool:
    return bool(hidden) and all(layer.weight_norm == 0 for layer in hidden)


def _weight_growth(
    start: Sequence[LayerGradientRecord], end: Sequence[LayerGradientRecord]
) -> float:
    pairs = zip(start, end, strict=True)
    return max((b.weight_norm / a.weight_norm for a, b in pairs if a.weight_norm > 0), default=1.0)


def _gradient_left(
    start: Sequence[LayerGradientRecord], end: Sequence[LayerGradientRecord]
) -> float:
    before = _largest_gradient(start)
    return _largest_gradient(end) / before if before > 0 else math.nan


def _input_ratio(layers: Sequence[LayerGradientRecord]) -> float:
    """Gradient norm nearest the input over that of the output layer; 1 without hidden layers."""
    if len(layers) < 2 or layers[-1].gradient_norm == 0:
        return 1.0
    return layers[0].gradient_norm / layers[-1].gradient_norm


def _vanishes_for_good(layers: Sequence[LayerGradientRecord]) -> bool:
    norm = layers[0].gradient_norm
    return norm < HOPELESS_GRADIENT_NORM or _input_ratio(layers) < HOPELESS_RATIO
