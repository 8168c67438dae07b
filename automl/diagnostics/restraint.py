"""What holds a network back from fitting: penalties and dropout, as its trial has them.

Whether they hold it back too much is told by curves and references (`learning_curves.py`); here
is what there is of them, how strong that is, and what less of them would be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from automl.diagnostics.situation import Situation, change, change_range
from automl.wording.numbers import number
from storage.records import SpaceChange

STRONG: Mapping[str, float] = {
    "dropout": 0.5,
    "input_dropout": 0.3,
    "weight_decay": 3e-3,
    "l1": 3e-4,
}
"""From here on a network that fits badly is over-regularized. Source: the ends of the built-in
space (dropout 0.5, weight_decay 1e-2) and its advice (input_dropout to 0.2, l1 to 1e-3), the
penalties' a third of them: Adam adds them to a gradient that it then scales to the rate."""

NOTICEABLE: Mapping[str, float] = {
    "dropout": 0.2,
    "input_dropout": 0.1,
    "weight_decay": 1e-3,
    "l1": 1e-4,
}
"""From here on less of it is worth a try where a network fits badly: a third of `STRONG`, of
dropout a little more. Chosen, not measured: a try costs a search, a wrong verdict more."""

LESS = 3.0
"""Less is a third, half a power of ten: enough to change what a penalty does, and not measured."""

DECOUPLED_FACTOR = 30.0
"""How much stronger AdamW's weight decay is for the same effect: it takes the learning rate times
the decay off the weights, whatever the gradient. Source: Loshchilov & Hutter 2019, section 2;
measured on digits, kin8nm, concrete and segment, where 0.3 does no harm with AdamW and nearly
all of it with Adam."""

TIGHT_NORM = 1.0
"""A limit of the norm of a unit's weights from which down it holds a network back: published
limits are 3 to 4. Source: Srivastava et al. 2014, section 5.1."""

GENTLE: Mapping[str, tuple[float, float]] = {
    "dropout": (0.0, 0.3),
    "input_dropout": (0.0, 0.1),
    "weight_decay": (1e-6, 1e-3),
    "l1": (1e-6, 1e-5),
}
"""The lower parts of the usual ranges (`excluded_range.USUAL_ENDS`), where little is held back:
what is asked for where it is too much."""

WORDS: Mapping[str, str] = {
    "dropout": "dropout",
    "input_dropout": "dropout of inputs",
    "weight_decay": "weight decay",
    "l1": "the L1 penalty",
    "max_norm": "the limit of the weights' norm",
}


def strong_restraints(situation: Situation) -> tuple[str, ...]:
    """The hyperparameters that hold the network back much, in the order of `STRONG`."""
    found = [name for name, limit in STRONG.items() if _strength(situation, name) >= limit]
    if 0 < situation.amount("max_norm") <= TIGHT_NORM:
        found.append("max_norm")
    return tuple(found)


def noticeable_restraints(situation: Situation) -> tuple[str, ...]:
    """Those that hold it back enough to try less of them."""
    found = [name for name, limit in NOTICEABLE.items() if _strength(situation, name) >= limit]
    if situation.amount("max_norm") > 0:
        found.append("max_norm")
    return tuple(found)


def less_of(situation: Situation, names: tuple[str, ...]) -> tuple[SpaceChange, ...]:
    """Each restraint at a gentle strength, or a third of what it was where that is less."""
    return tuple(_less(situation, name) for name in names)


def restraint_words(situation: Situation, names: tuple[str, ...]) -> list[str]:
    """Each with its value: "weight decay of 0.3"."""
    return [f"{WORDS[name]} of {number(situation.amount(name))}" for name in names]


def smoothing_loss(situation: Situation) -> float:
    """The loss below which label smoothing keeps a network that is sure of every row.

    Source: Szegedy et al. 2016, section 7: with smoothing e and C classes the target of the right
    class is 1 - e + e / C, and a network that fits it has minus its logarithm as loss.
    """
    smoothing = situation.amount("label_smoothing")
    n_classes = max(len(situation.settings.class_names), 2)
    is_smoothed = not situation.is_regression and 0 < smoothing < 1
    return -math.log(1 - smoothing + smoothing / n_classes) if is_smoothed else 0.0


def _strength(situation: Situation, name: str) -> float:
    amount = situation.amount(name)
    is_decoupled = name == "weight_decay" and situation.value("optimizer") == "adamw"
    return amount / DECOUPLED_FACTOR if is_decoupled else amount


def _less(situation: Situation, name: str) -> SpaceChange:
    if name == "max_norm":
        return change(name, "none")
    low, high = GENTLE[name]
    return change_range(name, low, min(high, situation.amount(name) / LESS))
