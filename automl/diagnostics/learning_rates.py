"""How far to raise or lower a learning rate, from the size of the steps that it made.

An update ratio well below or above that of a training that goes well says how far to go, where
it is a guide at all. No advice leads to rates that nobody would try.
"""

from __future__ import annotations

from automl.diagnostics.situation import Situation, change_range, space_parameters
from automl.wording.numbers import number
from search_spaces.hyperparameters import hyperparameter
from storage.records import Advice, SpaceChange

SMOOTH_STEPS = 3e-3
"""The update ratio aimed at: three times the rule of thumb of 1e-3, as Adam's first epochs have.

Source: Karpathy, CS231n notes, "Ratio of weights:updates".
"""

USUAL_RATE = 1e-3
"""Adam's own default. Source: Kingma & Ba 2015, algorithm 1."""

USUAL_TOP_RATE = 0.1
"""Where the learning rates of the built-in space end."""

HIGHEST_RATE = hyperparameter("learning_rate").useful[1]
"""No search needs to look above it."""

RELU_RATES = (1e-3, 1e-2)
"""What ReLU takes from SAME_SIZE_STEPS. Sigmoid networks that vanished at rates of 0.09 to 0.3
got no better by ReLU alone in 2 of 6; with these rates, in all 6, and by more."""

SAME_SIZE_STEPS = frozenset({"rmsprop", "adam", "adamw"})
"""Optimizers that change every weight by about the learning rate at first, whatever its gradient.
"""


def takes_small_steps(situation: Situation) -> bool:
    """Whether steps are well below the size aimed at."""
    return situation.update_ratio is not None and situation.update_ratio < SMOOTH_STEPS / 3


def highest_rate(situation: Situation) -> float:
    """How far an advice may raise a rate: tenfold, to a usual one, or as far as is searched."""
    top = space_parameters(situation.settings).get("learning_rate", {}).get("high")
    searched = float(top) if isinstance(top, int | float) else USUAL_TOP_RATE
    return min(max(10 * situation.amount("learning_rate"), searched, USUAL_RATE), HIGHEST_RATE)


def larger_steps(situation: Situation) -> list[Advice]:
    """Raise the learning rate to where a step changes weights by SMOOTH_STEPS; or no advice."""
    rate, highest = situation.amount("learning_rate"), highest_rate(situation)
    if 3 * rate > highest:
        return []
    factor = 10.0
    if situation.update_ratio:
        factor = min(1000.0, max(3.0, SMOOTH_STEPS / situation.update_ratio))
    aim = min(rate * factor, highest)
    return [
        Advice(
            f"Raise the learning rate from {number(rate)} to about {number(aim, 2)}.",
            (change_range("learning_rate", aim / 3, min(aim * 3, highest)),),
        )
    ]


def smaller_steps(situation: Situation) -> Advice:
    """Lower the learning rate by what steps were too large; else by 10 to 100 to a usual one."""
    rate = situation.amount("learning_rate")
    factor = min(100.0, max(10.0, rate / USUAL_RATE))
    if situation.update_ratio and SMOOTH_STEPS < situation.update_ratio < 1e6:
        factor = min(1000.0, max(10.0, situation.update_ratio / SMOOTH_STEPS))
    aim = min(rate / factor, USUAL_TOP_RATE)
    return Advice(
        f"Lower the learning rate from {number(rate)} to about {number(aim, 2)}.",
        (change_range("learning_rate", aim / 3, min(aim * 3, USUAL_TOP_RATE)),),
    )


def other_rates(situation: Situation) -> Advice:
    """Search on both sides of a learning rate with which nothing was learned."""
    rate = situation.amount("learning_rate")
    high = min(30 * rate, max(rate, highest_rate(situation)))
    return Advice(
        f"Try a wide range of learning rates around {number(rate)}.",
        (change_range("learning_rate", rate / 30, high),),
    )


def rates_for_relu(situation: Situation) -> tuple[SpaceChange, ...]:
    """A change to learning rates that ReLU takes, where the present one is above them."""
    low, high = RELU_RATES
    is_above = situation.amount("learning_rate") > high
    if situation.value("optimizer") not in SAME_SIZE_STEPS or not is_above:
        return ()
    return (change_range("learning_rate", low, high),)
