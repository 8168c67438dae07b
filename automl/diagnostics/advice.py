"""What to do about a verdict: next steps in terms of this project's hyperparameters.

Each kind of verdict has its steps, the one with the highest expected gain first. The order
within a kind was set by `benchmarks/verdicts.py`, which follows the first advice and
measures the loss on rows that nobody saw. A range's middle (in the scale in which it is
searched) is the value that `automl diagnose --confirm` tries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from automl.diagnostics.wording import number
from storage.records import (
    Advice,
    Json,
    ParameterValue,
    SpaceChange,
    StudySettings,
    TrialRecord,
)

DEFAULTS: Mapping[str, ParameterValue] = {
    "learning_rate": 1e-3,
    "batch_size": 32,
    "optimizer": "adam",
    "n_layers": 2,
    "hidden_size": 64,
    "activation": "relu",
    "initialization": "he_fan_in",
    "normalization": "none",
    "dropout": 0.0,
    "input_dropout": 0.0,
    "weight_decay": 0.0,
    "l1": 0.0,
    "max_norm": "none",
    "gradient_clip_norm": "none",
    "label_smoothing": 0.0,
}
"""The defaults of MLPConfig and TrainingConfig, for parameters that a space leaves out."""

INTEGERS = frozenset({"n_layers", "hidden_size"})

SMOOTH_STEPS = 3e-3
"""The update ratio aimed at: three times the rule of thumb of 1e-3, as Adam's first epochs have.

Source: Karpathy, CS231n notes, "Ratio of weights:updates".
"""


@dataclass(frozen=True, slots=True)
class Situation:
    """What advice is given about: a trial in its study, with the size of its steps."""

    settings: StudySettings
    trial: TrialRecord
    update_ratio: float | None = None  # typical size of one step relative to the weights

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.settings.task == "regression"

    def value(self, name: str) -> ParameterValue:
        """A hyperparameter's value: the trial's, else the space's fixed one, else the default."""
        if name in self.trial.params:
            return self.trial.params[name]
        entry = space_parameters(self.settings).get(name, {})
        value = entry.get("value", DEFAULTS.get(name))
        return value if isinstance(value, float | int | str | bool) else None

    def amount(self, name: str) -> float:
        """A hyperparameter's value as a number: 0 where it is "none" or not set."""
        value = self.value(name)
        return float(value) if isinstance(value, int | float) else 0.0


def space_parameters(settings: StudySettings) -> Mapping[str, Mapping[str, Json]]:
    """The study's search space, entry by entry."""
    parameters = settings.space.get("parameters", {})
    if not isinstance(parameters, Mapping):
        return {}
    return {name: entry for name, entry in parameters.items() if isinstance(entry, Mapping)}


def advise(kind: str, situation: Situation) -> tuple[Advice, ...]:
    """Next steps for a verdict about a trial, the one with the highest expected gain first."""
    adviser = ADVISERS.get(kind)
    return tuple(adviser(situation)) if adviser else ()


def change(parameter: str, value: ParameterValue) -> SpaceChange:
    """Fix a parameter at a value."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return SpaceChange(parameter, text)


def change_range(parameter: str, low: float, high: float) -> SpaceChange:
    """Search a parameter between two values."""
    if parameter in INTEGERS:
        return SpaceChange(parameter, f"{round(low)}..{max(round(high), round(low) + 1)}")
    return SpaceChange(parameter, f"{low:.3g}..{high:.3g}")


def _for_high_bias(situation: Situation) -> list[Advice]:
    steps = []
    restraint = _less_restraint(situation)
    if restraint:
        steps.append(restraint)
    if _takes_small_steps(situation):
        steps.append(_larger_steps(situation))
    steps.append(_more_capacity(situation))
    steps.append(_more_epochs(situation))
    return steps


def _for_good_fit(situation: Situation) -> list[Advice]:
    """A stronger reference than the study has, unless the person has named one."""
    if situation.settings.target_error is not None:
        return []
    model, score = (
        ("HistGradientBoostingRegressor", "RMSE")
        if situation.is_regression
        else ("HistGradientBoostingClassifier", "error rate")
    )
    return [
        Advice(
            f"Compare with boosted trees on the same rows (scikit-learn's {model}, for example); "
            f"if they do better, give the same command their {score} as `--target-error`, and "
            f"the verdict is held against it."
        )
    ]


def _for_high_variance(situation: Situation) -> list[Advice]:
    return [_more_restraint(situation), _less_capacity(situation), _more_rows()]


def _for_both(situation: Situation) -> list[Advice]:
    # On even seeds restraint alone never raised the fresh loss; with capacity it did in half.
    return [_more_restraint(situation), _capacity_with_restraint(situation), _more_rows()]


def _for_not_learning(situation: Situation) -> list[Advice]:
    rate = situation.amount("learning_rate")
    if situation.update_ratio is not None and situation.update_ratio > SMOOTH_STEPS:
        return [_smaller_steps(situation)]
    return [
        Advice(
            f"Try a wide range of learning rates around {number(rate)}.",
            (change_range("learning_rate", rate / 30, rate * 30),),
        ),
        _fresh_start(situation),
    ]


def _for_vanishing(situation: Situation) -> list[Advice]:
    steps = [_shorter_start(situation)]
    if situation.value("normalization") == "none":
        steps.append(
            Advice(
                "Normalize between the layers, which keeps signals at a useful size.",
                (change("normalization", "batch_norm"),),
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
        _smaller_steps(situation),
    ]


def _for_dead_units(situation: Situation) -> list[Advice]:
    width = max(situation.amount("hidden_size"), 16)
    return [
        Advice(
            "Use an activation that passes a gradient below zero, and layers wide enough that "
            "not all units of one can be off.",
            (
                change("activation", "leaky_relu"),
                change("initialization", "he_fan_in"),
                change_range("hidden_size", width, 4 * width),
            ),
        ),
        Advice("Normalize between the layers.", (change("normalization", "batch_norm"),)),
        _smaller_steps(situation),
    ]


def _for_saturated(situation: Situation) -> list[Advice]:
    return [
        _fresh_start(situation),
        Advice("Normalize between the layers.", (change("normalization", "batch_norm"),)),
        _smaller_steps(situation),
    ]


def _for_symmetry(situation: Situation) -> list[Advice]:
    start = _matching_initialization(situation.value("activation"))
    return [
        Advice(
            f"Begin with random weights ({start}): units that begin alike stay alike.",
            (change("initialization", start),),
        )
    ]


def _for_still_improving(situation: Situation) -> list[Advice]:
    return [_more_epochs(situation)]


def _for_small_steps(situation: Situation) -> list[Advice]:
    return [_larger_steps(situation), _more_epochs(situation)]


def _for_large_steps(situation: Situation) -> list[Advice]:
    return [
        _smaller_steps(situation),
        Advice("Clip the gradient.", (change("gradient_clip_norm", 1.0),)),
    ]


def _less_restraint(situation: Situation) -> Advice | None:
    """Take back the regularization that is strong enough to keep a network from fitting."""
    strong = {"dropout": 0.2, "input_dropout": 0.1, "weight_decay": 1e-3, "l1": 1e-4}
    names = [name for name, limit in strong.items() if situation.amount(name) >= limit]
    if situation.amount("max_norm") > 0:
        names.append("max_norm")
    if not names:
        return None
    changes = tuple(change(name, "none" if name == "max_norm" else 0.0) for name in names)
    return Advice("Regularize less: the network is held back from fitting.", changes)


def _more_restraint(situation: Situation) -> Advice:
    dropout = min(0.5, max(0.2, situation.amount("dropout") + 0.2))
    # 0.03 with dropout 0.2 helped in 12 of 12 cases of even seeds, 0.001 in 9 of 12.
    decay = min(0.3, max(3e-2, 3 * situation.amount("weight_decay")))
    return Advice(
        "Regularize more: dropout and weight decay keep the network from learning single rows.",
        (
            change_range("dropout", max(0.0, dropout - 0.1), dropout + 0.1),
            change_range("weight_decay", decay / 3, 3 * decay),
        ),
    )


def _more_capacity(situation: Situation) -> Advice:
    width = max(situation.amount("hidden_size"), 8)
    changes = [change_range("hidden_size", 2 * width, 8 * width)]
    if situation.amount("n_layers") < 2:
        changes.append(change("n_layers", 2))
    return Advice("Use a larger network: wider layers first, then more of them.", tuple(changes))


def _less_capacity(situation: Situation) -> Advice:
    width = max(situation.amount("hidden_size"), 8)
    return Advice(
        "Use a smaller network: fewer weights can remember fewer single rows.",
        (change_range("hidden_size", max(4, width / 8), max(4, width / 2)),),
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


def _takes_small_steps(situation: Situation) -> bool:
    return situation.update_ratio is not None and situation.update_ratio < SMOOTH_STEPS / 3


def _larger_steps(situation: Situation) -> Advice:
    """Raise the learning rate to where a step changes weights by about SMOOTH_STEPS."""
    rate = situation.amount("learning_rate")
    factor = 10.0
    if situation.update_ratio:
        factor = min(1000.0, max(3.0, SMOOTH_STEPS / situation.update_ratio))
    aim = rate * factor
    return Advice(
        f"Raise the learning rate from {number(rate)} to about {number(aim, 2)}.",
        (change_range("learning_rate", aim / 3, aim * 3),),
    )


def _smaller_steps(situation: Situation) -> Advice:
    rate = situation.amount("learning_rate")
    factor = 100.0  # weights that were thrown far take steps that look small beside them
    if situation.update_ratio and SMOOTH_STEPS < situation.update_ratio < 1e6:
        factor = min(1000.0, max(5.0, situation.update_ratio / SMOOTH_STEPS))
    aim = rate / factor
    return Advice(
        f"Lower the learning rate from {number(rate)} to about {number(aim, 2)}.",
        (change_range("learning_rate", aim / 3, aim * 3),),
    )


def _fresh_start(situation: Situation) -> Advice:
    """ReLU with He's initialization: signals keep their size from layer to layer."""
    return Advice(
        "Use ReLU with He's initialization, which keeps signals at the same size from layer to "
        "layer.",
        (change("activation", "relu"), change("initialization", "he_fan_in")),
    )


def _shorter_start(situation: Situation) -> Advice:
    """ReLU with He's initialization, and no more layers than signals pass easily."""
    start = _fresh_start(situation)
    if situation.amount("n_layers") <= 3:
        return start
    return Advice(
        start.text[:-1] + ", and fewer of them.",
        (*start.changes, change_range("n_layers", 1, 3)),
    )


def _matching_initialization(activation: ParameterValue) -> str:
    """He's for the ReLU family, Glorot's (Xavier's) for sigmoid and tanh."""
    return "xavier" if activation in ("sigmoid", "tanh") else "he_fan_in"


ADVISERS: Mapping[str, Callable[[Situation], list[Advice]]] = {
    "high_bias": _for_high_bias,
    "high_variance": _for_high_variance,
    "high_bias_and_variance": _for_both,
    "good_fit": _for_good_fit,
    "not_learning": _for_not_learning,
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
