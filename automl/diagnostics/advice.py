"""What to do about a verdict: next steps in terms of this project's hyperparameters.

Each kind of verdict has its steps, the one with the highest expected gain first. The order
within a kind was set by `benchmarks/verdicts.py`, which follows the first advice and
measures the loss on rows that nobody saw. A range's middle (in the scale in which it is
searched) is the value that `automl diagnose --confirm` tries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from automl.diagnostics.learning_rates import (
    SMOOTH_STEPS,
    larger_steps,
    other_rates,
    rates_for_relu,
    smaller_steps,
    takes_small_steps,
)
from automl.diagnostics.left_out import texts_advice
from automl.diagnostics.restraint import (
    less_of,
    noticeable_restraints,
    restraint_words,
    smoothing_loss,
    strong_restraints,
)
from automl.diagnostics.situation import (
    Situation,
    change,
    change_range,
    study_hyperparameters,
)
from automl.diagnostics.thresholds import MIN_VALID_ROWS
from automl.wording.counts import listing
from automl.wording.numbers import number
from storage.records import Advice, ParameterValue, SpaceChange

HE = frozenset({"he", "he_fan_in"})
"""He's initialization for the ReLU family, by the outputs or the inputs of a layer."""

LEAST_TRIALS = 30
"""A search of fewer trials is continued as if it had so many: to twice as many at least."""

MORE_VALIDATION_ROWS = Advice(
    "Choose by more validation rows: `--folds 5` uses every train row for it.",
    (SpaceChange("folds", "5"),),
)
"""Where a choice by few of them may be luck."""


WATCH_HOPELESS = Advice(
    "To watch such networks train all the same: `--no-preflight` with `--new`."
)
"""What the check before the first epoch has stopped, a course may want to see."""


def advise(kind: str, situation: Situation) -> tuple[Advice, ...]:
    """Next steps for a verdict about a trial, the one with the highest expected gain first.

    A step whose changes the trial already has is left out.
    """
    adviser = ADVISERS.get(kind)
    steps = adviser(situation) if adviser else []
    return tuple(step for step in steps if not _is_taken(step, situation))


def _is_taken(step: Advice, situation: Situation) -> bool:
    changes = step.changes
    return bool(changes) and all(_has(situation, one) for one in changes)


def _has(situation: Situation, wanted: SpaceChange) -> bool:
    """Whether the trial has what a change would fix. He's two initializations are as good."""
    value = situation.value(wanted.parameter)
    is_start = wanted.parameter == situation.named("initialization")
    if is_start and value in HE and wanted.set in HE:
        return True
    return wanted == change(wanted.parameter, value)


def advise_less(situation: Situation) -> tuple[Advice, ...]:
    """What to try where nothing is known to be wrong, but nothing needs so much restraint."""
    names = strong_restraints(situation)
    if not names:
        return ()
    text = (
        f"Try less restraint: with {listing(restraint_words(situation, names))} train and "
        f"validation loss are the same, and a freer network may do better."
    )
    return (Advice(text, less_of(situation, names)),)


def _for_too_little(situation: Situation) -> list[Advice]:
    if 0 < situation.n_valid_rows < MIN_VALID_ROWS:
        return [MORE_VALIDATION_ROWS]
    return []


def _for_high_bias(situation: Situation) -> list[Advice]:
    steps = []
    restraint = _less_restraint(situation)
    if restraint:
        steps.append(restraint)
    if takes_small_steps(situation):
        steps += larger_steps(situation)
    steps.append(_more_capacity(situation))
    steps.append(_more_epochs(situation))
    return steps


def _for_over_regularized(situation: Situation) -> list[Advice]:
    less = _less_restraint(situation)
    return [*([less] if less else []), _more_capacity(situation)]


def _for_weak_signal(situation: Situation) -> list[Advice]:
    """What is missing lies in the data, more of a search finds little of it."""
    return [*texts_advice(situation.settings), *_other_data()]


def advise_behind(
    situation: Situation, reference: str, *, is_unfitted: bool, has_gap: bool
) -> tuple[Advice, ...]:
    """Next steps where a reference is better by less than a want of fit or variance explain.

    Args:
        reference: the better one in words.
        is_unfitted: whether it fits new rows better than the network its train rows.
        has_gap: whether the network does worse on new rows than on its train rows.
    """
    n_trials = 2 * max(situation.n_trials, LEAST_TRIALS)
    steps = [_more_restraint(situation)] if has_gap and not is_unfitted else []
    if is_unfitted:
        less = _less_restraint(situation)
        steps += [less] if less else [_more_capacity(situation)]
    if smoothing_loss(situation) > 0:
        amount = number(situation.amount("label_smoothing"), 2)
        text = (
            f"Search without label smoothing: with {amount} the "
            f"loss of a row stays above {number(smoothing_loss(situation), 2)}, however sure the "
            f"network could be."
        )
        steps.insert(0, Advice(text, (change("label_smoothing", 0.0),)))
    if not situation.is_exhausted:
        text = f"Let the search go on to {n_trials} trials, if the network is to catch up."
        steps.append(Advice(text, (change("n_trials", n_trials),)))
    steps.append(Advice(f"Where the score is all that counts, use {reference}."))
    return tuple(steps)


def _for_high_variance(situation: Situation) -> list[Advice]:
    return [_more_restraint(situation), _less_capacity(situation), _more_rows()]


def _for_both(situation: Situation) -> list[Advice]:
    # On even seeds restraint alone never raised the fresh loss; with capacity it did in half.
    return [_more_restraint(situation), _capacity_with_restraint(situation), _more_rows()]


def _for_not_learning(situation: Situation) -> list[Advice]:
    if situation.update_ratio is not None and situation.update_ratio > SMOOTH_STEPS:
        return [smaller_steps(situation), _fresh_start(situation)]
    return [_fresh_start(situation), other_rates(situation)]


def _for_no_signal(situation: Situation) -> list[Advice]:
    """No change of the search: what is missing lies in the data."""
    settings = situation.settings
    check = (
        "Check that each target belongs to its row: after a join, a sort or a shift by one row, "
        "inputs and targets have nothing to do with each other."
    )
    far_values = (
        "Search again with `--loss huber`, if the target has values far from the rest: in squared "
        "errors a few of them outweigh all other rows."
    )
    is_squared = situation.is_regression and settings.loss == "mean_squared"
    huber = [Advice(far_values, (SpaceChange("loss", "huber"),))] if is_squared else []
    return [*texts_advice(settings), Advice(check), *huber, *_other_data()]


def _other_data() -> list[Advice]:
    return [
        Advice(
            "Bring other inputs: columns that are known before the target is, and that could "
            "tell something of it."
        ),
        Advice("Get more rows, if there is reason to expect a weak signal: few rows hide it."),
    ]


def _for_vanishing(situation: Situation) -> list[Advice]:
    steps = [_shorter_start(situation)]
    if situation.choice("normalization") in ("none", None):
        steps.append(
            Advice(
                "Normalize between the layers, which keeps signals at a useful size.",
                situation.change("normalization", "batch_norm"),
            )
        )
    return steps


def _for_exploding(situation: Situation) -> list[Advice]:
    return [
        _fresh_start(situation),
        Advice(
            "Clip the gradient, so that no single step can throw the weights away.",
            (change("gradient_clip_norm", 1.0),),
        ),
        smaller_steps(situation),
    ]


def _for_dead_units(situation: Situation) -> list[Advice]:
    width = max(situation.count("width") or 0, 16)
    return [
        Advice(
            "Use an activation that passes a gradient below zero, and layers wide enough that "
            "not all units of one can be off.",
            (
                *situation.change("activation", "leaky_relu"),
                *situation.change("initialization", "he_fan_in"),
                *situation.search("width", width, 4 * width),
            ),
        ),
        _normalization(situation),
        smaller_steps(situation),
    ]


def _normalization(situation: Situation) -> Advice:
    return Advice("Normalize between the layers.", situation.change("normalization", "batch_norm"))


def _for_saturated(situation: Situation) -> list[Advice]:
    return [
        _fresh_start(situation),
        _normalization(situation),
        smaller_steps(situation),
    ]


def _for_symmetry(situation: Situation) -> list[Advice]:
    start = _matching_initialization(situation.choice("activation"))
    return [
        Advice(
            f"Begin with random weights ({start}): units that begin alike stay alike.",
            situation.change("initialization", start),
        )
    ]


def _for_still_improving(situation: Situation) -> list[Advice]:
    return [_more_epochs(situation)]


def _for_small_steps(situation: Situation) -> list[Advice]:
    return [*larger_steps(situation), _more_epochs(situation)]


def _for_large_steps(situation: Situation) -> list[Advice]:
    return [
        smaller_steps(situation),
        Advice("Clip the gradient.", (change("gradient_clip_norm", 1.0),)),
    ]


def _less_restraint(situation: Situation) -> Advice | None:
    """Take back the regularization that is strong enough to keep a network from fitting."""
    names = noticeable_restraints(situation)
    if not names:
        return None
    return Advice(
        "Regularize less: the network is held back from fitting.", less_of(situation, names)
    )


def _more_restraint(situation: Situation) -> Advice:
    dropout = min(0.5, max(0.2, situation.amount("dropout") + 0.2))
    # 0.03 with dropout 0.2 helped in 12 of 12 cases of even seeds, 0.001 in 9 of 12.
    decay = min(0.3, max(3e-2, 3 * situation.amount("weight_decay")))
    changes: tuple[SpaceChange, ...] = (change_range("weight_decay", decay / 3, 3 * decay),)
    if "dropout" in study_hyperparameters(situation.settings):
        changes = (change_range("dropout", max(0.0, dropout - 0.1), dropout + 0.1), *changes)
    return Advice(
        "Regularize more: dropout and weight decay keep the network from learning single rows.",
        changes,
    )


def _more_capacity(situation: Situation) -> Advice:
    width, depth = max(situation.count("width") or 0, 8), situation.count("depth")
    changes = situation.search("width", 2 * width, 8 * width)
    if depth is not None and depth < 2:
        changes += situation.change("depth", 2)
    return Advice("Use a larger network: wider layers first, then more of them.", changes)


def _less_capacity(situation: Situation) -> Advice:
    width = max(situation.count("width") or 0, 8)
    return Advice(
        "Use a smaller network: fewer weights can remember fewer single rows.",
        situation.search("width", max(4, width / 8), max(4, width / 2)),
    )


def _capacity_with_restraint(situation: Situation) -> Advice:
    larger, restrained = _more_capacity(situation), _more_restraint(situation)
    return Advice(
        "Use a larger network and regularize it: capacity against bias, dropout and weight "
        "decay against variance.",
        larger.changes + restrained.changes,
    )


def _more_rows() -> Advice:
    return Advice(
        "Get more rows, if you can: `automl diagnose STUDY --diagnose full` measures how much "
        "they help."
    )


def _more_epochs(situation: Situation) -> Advice:
    epochs = 2 * situation.settings.max_epochs
    return Advice("Train for more epochs.", (change("max_epochs", epochs),))


def _fresh_start(situation: Situation) -> Advice:
    """ReLU with He's initialization: signals keep their size from layer to layer."""
    return Advice(
        "Use ReLU with He's initialization, which keeps signals at the same size from layer to "
        "layer.",
        (
            *situation.change("activation", "relu"),
            *situation.change("initialization", "he_fan_in"),
        ),
    )


def _shorter_start(situation: Situation) -> Advice:
    """ReLU with He's initialization, and no more layers than signals pass easily."""
    start, rates = _fresh_start(situation), rates_for_relu(situation)
    if _is_taken(start, situation):
        return Advice("Use fewer layers.", situation.search("depth", 1, 3))
    text, changes = start.text, (*start.changes, *rates)
    if (situation.count("depth") or 0) > 3:
        text = f"{text[:-1]}, and fewer of them."
        changes = (*changes, *situation.search("depth", 1, 3))
    if rates:
        text += f" With {situation.value('optimizer')} it takes learning rates up to 0.01."
    return Advice(text, changes)


def _matching_initialization(activation: ParameterValue) -> str:
    """He's for the ReLU family, Glorot's (Xavier's) for sigmoid, tanh, and selu.

    Selu wants a variance of 1 / fan-in (Klambauer et al. 2017), Glorot's between equal widths.
    """
    return "xavier" if activation in ("sigmoid", "tanh", "selu") else "he_fan_in"


ADVISERS: Mapping[str, Callable[[Situation], list[Advice]]] = {
    "too_little_evidence": _for_too_little,
    "high_bias": _for_high_bias,
    "high_variance": _for_high_variance,
    "high_bias_and_variance": _for_both,
    "over_regularized": _for_over_regularized,
    "weak_signal": _for_weak_signal,
    "not_learning": _for_not_learning,
    "no_signal": _for_no_signal,
    "diverged": _for_large_steps,
    "still_improving": _for_still_improving,
    "vanishing_gradients": _for_vanishing,
    "exploding_gradients": _for_exploding,
    "dead_units": _for_dead_units,
    "saturated_units": _for_saturated,
    "symmetric_initialization": _for_symmetry,
    "steps_too_small": _for_small_steps,
    "steps_too_large": _for_large_steps,
}
