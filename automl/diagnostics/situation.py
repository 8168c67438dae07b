"""What advice is given about: a trial in its study, and how a change of the space is written.

A hyperparameter's value is the trial's, else the one that the space fixes, else the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.records import (
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


@dataclass(frozen=True, slots=True)
class Situation:
    """What advice is given about: a trial in its study, with the size of its steps."""

    settings: StudySettings
    trial: TrialRecord
    update_ratio: float | None = None  # size of a step relative to the weights; None: no guide
    n_folds: int = 1
    n_trials: int = 1  # of the study

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.settings.task == "regression"

    @property
    def n_valid_rows(self) -> int:
        """Validation rows of all folds; 0 where they are not known."""
        return self.n_folds * self.settings.n_rows.get("valid", 0)

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


def change(parameter: str, value: ParameterValue) -> SpaceChange:
    """Fix a parameter at a value."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return SpaceChange(parameter, text)


def change_range(parameter: str, low: float, high: float) -> SpaceChange:
    """Search a parameter between two values."""
    if parameter in INTEGERS:
        return SpaceChange(parameter, f"{round(low)}..{max(round(high), round(low) + 1)}")
    return SpaceChange(parameter, f"{low:.3g}..{high:.3g}")
