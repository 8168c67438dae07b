"""Why a network does not learn: signals that vanish, explode, die or saturate on their way.

`hopeless.py` judges the layers of one batch before the first epoch. `find_cause` names the
cause of a bad curve from the layers measured along training. Which activation, initialization,
depth and normalization go wrong together in a study: `designs.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.diagnostics.advice import advise
from automl.diagnostics.layer_signals import (
    FlowFacts,
    flow_facts,
    have_no_weights,
)
from automl.diagnostics.learning_curves import UNFITTED, Fit
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import (
    CLIMB,
    DEAD_FRACTION,
    EXPLODING_NORM,
    EXPLODING_RATIO,
    FEW_EPOCHS,
    LARGE_UPDATE_RATIO,
    LITTLE_EXPLAINED,
    OVERSHOOT,
    RISE_SHARE,
    ROUGHNESS,
    SATURATED_FRACTION,
    SMALL_UPDATE_RATIO,
    STEADY_SHARE,
    THROWN_LOSS,
    VANISHING_RATIO,
    WEAK_RATIO,
    WEIGHT_GROWTH,
)
from automl.wording.counts import count
from automl.wording.numbers import number, percent
from storage.records import (
    Diagnosis,
    Json,
    LayerGradientRecord,
)
from storage.titles import title_of, titled

STEP_CAUSES = frozenset({"steps_too_small", "steps_too_large"})
"""Causes that are of the learning rate; the others are of the signals between the layers."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What keeps a network from learning, in words that go on from "in trial 7, "."""

    kind: str
    words: str

    def message(self, trial_number: int) -> str:
        """The sentences for people."""
        return titled(title_of(self.kind, "problem"), f"in trial {trial_number}, {self.words}")


def find_cause(fit: Fit, flow: FlowFacts | None, situation: Situation) -> Cause | None:
    """Name what in the flow of gradients explains a bad curve; None where nothing does.

    A fit that is not bad has one where early stopping saved it from a collapse, and where much
    is still unexplained.
    """
    if begins_with_zeros(situation) or (flow and flow.is_symmetric):
        return Cause("symmetric_initialization", _symmetric_words())
    if flow is None:
        return None
    if fit.kind in ("over_regularized", "high_variance"):
        # Penalties make gradients and steps what they are; and what learns its train rows too
        # well is not helped by other steps.
        return None
    if fit.kind not in UNFITTED:
        if fit.explained_share < LITTLE_EXPLAINED:
            return _collapse(fit, flow) or _large_steps(fit, flow) or _small_steps(fit, flow)
        return _collapse(fit, flow) or (None if fit.is_ahead else _small_steps(fit, flow))
    weak = WEAK_RATIO if fit.kind == "not_learning" else VANISHING_RATIO
    return (
        _start_cause(flow, weak)
        or _large_steps(fit, flow)
        or _collapse(fit, flow)
        or _lost_units(flow, situation)  # before small steps: units that died make steps small
        or _small_steps(fit, flow)
    )


def begins_with_zeros(situation: Situation) -> bool:
    """Whether all weights are zero at the start, by the trial's own hyperparameters."""
    has_layers = (situation.count("depth") or 0) >= 1
    return situation.choice("initialization") == "zeros" and has_layers


def diagnose_flow(
    cause: Cause, fit: Fit, flow: FlowFacts | None, situation: Situation
) -> Diagnosis:
    """Word a cause for people, with the layers it was seen in."""
    evidence: dict[str, Json] = {
        "lowest_train_loss": fit.facts.lowest_train_loss,
        "baseline_loss": fit.references.baseline_loss,
    }
    if flow:
        evidence |= {
            "n_layers": flow.n_layers,
            "is_measured_before_training": flow.is_from_start,
            "input_gradient_over_output_gradient": flow.input_ratio,
            "largest_gradient_norm": flow.largest_gradient,
            "dead_fraction_at_start": flow.dead_at_start,
            "dead_fraction_at_end": flow.dead_at_end,
            "saturated_fraction_at_start": flow.saturated_at_start,
            "saturated_fraction_at_end": flow.saturated_at_end,
            "update_ratio": flow.update_ratio,
            "weight_growth": flow.weight_growth,
            "gradient_left": flow.gradient_left,
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
    if have_no_weights(layers[:-1]):
        return "symmetric_initialization"
    flow = flow_facts(layers, ())
    cause = _start_cause(flow, VANISHING_RATIO) if flow else None
    return cause.kind if cause else None


def _start_cause(flow: FlowFacts, vanishing_ratio: float) -> Cause | None:
    """What was wrong at the start."""
    if not flow.is_finite or flow.largest_gradient > EXPLODING_NORM:
        return Cause("exploding_gradients", _exploding_words(flow))
    if flow.input_ratio > EXPLODING_RATIO:
        return Cause("exploding_gradients", _exploding_words(flow))
    if flow.dead_at_start >= DEAD_FRACTION:
        return Cause("dead_units", _dead_words(flow))
    if flow.input_ratio < vanishing_ratio:
        return Cause("vanishing_gradients", _vanishing_words(flow))
    if flow.saturated_at_start >= SATURATED_FRACTION:
        return Cause("saturated_units", _saturated_words(flow))
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
    jumps = fit.kind == "not_learning" or (fit.kind in UNFITTED and facts.roughness > ROUGHNESS)
    is_far = fit.kind == "not_learning" or facts.highest_train_loss > THROWN_LOSS * baseline
    thrown = is_far and flow.weight_growth > WEIGHT_GROWTH
    # Weights that shrank were not thrown: penalties put a network out, too.
    thrown = thrown or (_is_put_out(fit, flow) and flow.weight_growth > 1)
    if overshot or thrown or (flow.update_ratio > LARGE_UPDATE_RATIO and jumps):
        return Cause("steps_too_large", _large_words(fit, flow))
    return None


def _collapse(fit: Fit, flow: FlowFacts) -> Cause | None:
    """A rate so high that one of the first epochs is the best: the kept weights hide it."""
    facts = fit.facts
    learned = fit.references.baseline_loss - facts.valid_loss
    fell_back = facts.last_train_loss - facts.train_loss > RISE_SHARE * learned
    is_early = facts.best_epoch <= FEW_EPOCHS and facts.rise > RISE_SHARE * learned
    is_rough = (
        flow.update_ratio > LARGE_UPDATE_RATIO
        or flow.dead_at_end >= DEAD_FRACTION
        or flow.saturated_at_end >= SATURATED_FRACTION
        or facts.roughness > ROUGHNESS
    )
    if not (is_early and fell_back and is_rough):
        return None
    words = (
        f"the loss rose after epoch {facts.best_epoch} by {number(facts.rise)}, on the train rows "
        f"too: the weights that are kept are those before the network was thrown off."
    )
    return Cause("steps_too_large", words)


def _small_steps(fit: Fit, flow: FlowFacts) -> Cause | None:
    """Steps that are small by their learning rate, not for want of a gradient."""
    facts = fit.facts
    small = flow.update_ratio < SMALL_UPDATE_RATIO and not _is_put_out(fit, flow)
    if small and (fit.kind == "not_learning" or facts.last_train_progress > STEADY_SHARE):
        return Cause("steps_too_small", _small_words(fit, flow))
    return None


def _lost_units(flow: FlowFacts, situation: Situation) -> Cause | None:
    """Units that were alive at the start: steps drove them to where they stay.

    Of a few units some are soon all, which is a layer that is too narrow.
    Measured on ReLU networks whose units died that way (Adam, 0.03 to 0.15): a tenth of the
    learning rate lowered the fresh loss in 9 of 9, leaky ReLU in wider layers in 5.
    """
    if situation.is_tiny:
        return None
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
        f"the gradient in the layer nearest the input has, {flow.moment}, "
        f"{number(flow.input_ratio, 2)} times the norm of the output layer's, over "
        f"{count(flow.n_layers, 'hidden layer')}. The first layers hardly learn."
    )


def _exploding_words(flow: FlowFacts) -> str:
    if not flow.is_finite:
        return f"values are infinite or not numbers {flow.moment}."
    return (
        f"the largest gradient norm of a layer is, {flow.moment}, "
        f"{number(flow.largest_gradient, 2)}, and the one nearest the input has "
        f"{number(flow.input_ratio, 2)} times the norm of the output layer's."
    )


def _dead_words(flow: FlowFacts) -> str:
    return (
        f"{percent(flow.dead_at_start)} of the units of one layer are zero on every row "
        f"{flow.moment}. They pass nothing on and get no gradient."
    )


def _saturated_words(flow: FlowFacts) -> str:
    return (
        f"{percent(flow.saturated_at_start)} of the activations of one layer lie, {flow.moment}, "
        f"at the flat ends of the activation function, where its gradient is almost zero."
    )


def _large_words(fit: Fit, flow: FlowFacts) -> str:
    size = ""
    if math.isfinite(flow.update_ratio):
        size = f" A typical step changed the weights by {percent(flow.update_ratio)}."
    if fit.kind == "diverged":
        return f"the loss became infinite or not a number in epoch {fit.facts.n_epochs}.{size}"
    where = "does not learn" if fit.kind == "not_learning" else "learns little"
    thrown = f"the network was thrown to where it {where}."
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
