"""What advice is given about: a trial in its study, and how a change of the space is written.

A hyperparameter's value is the trial's, else the one that the space fixes, else the default.
Advice speaks of roles ("width"): which hyperparameter has one, the registry and the study's space
say. A network without one of the role gets the advice in words, with nothing to type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automl.diagnostics.thresholds import TINY_WIDTH
from automl.wording.settings import range_text, value_text
from search_spaces.declared import family_of, hyperparameters_of
from search_spaces.errors import SearchSpaceError
from search_spaces.hyperparameter import Hyperparameter, Role
from storage.records import (
    Json,
    ParameterValue,
    SpaceChange,
    StudySettings,
    TrialRecord,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What advice is given about: a trial in its study, with the size of its steps."""

    settings: StudySettings
    trial: TrialRecord
    update_ratio: float | None = None  # size of a step relative to the weights; None: no guide
    n_folds: int = 1
    n_trials: int = 1  # of the study
    is_exhausted: bool = False  # whether they have tried all that its space has

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.settings.task == "regression"

    @property
    def n_valid_rows(self) -> int:
        """Validation rows of all folds that measure an epoch; 0 where they are not known."""
        return self.n_folds * self.settings.n_measured_rows

    def value(self, name: str) -> ParameterValue:
        """A hyperparameter's value: the trial's, else the space's fixed one, else the default."""
        if name in self.trial.params:
            return self.trial.params[name]
        known = study_hyperparameters(self.settings).get(name)
        entry = space_parameters(self.settings).get(name, {})
        value = entry.get("value", known.default if known else None)
        return value if isinstance(value, float | int | str | bool) else None

    def amount(self, name: str) -> float:
        """A hyperparameter's value as a number: 0 where it is "none" or not set."""
        value = self.value(name)
        return float(value) if isinstance(value, int | float) else 0.0

    def named(self, role: Role) -> str | None:
        """The name of the network's first hyperparameter of a role; None where it has none."""
        return named(self.settings, role)

    def choice(self, role: Role) -> ParameterValue:
        """The value of the hyperparameter of a role; None where there is none."""
        name = self.named(role)
        return None if name is None else self.value(name)

    def count(self, role: Role) -> int | None:
        """How many layers or units there are; None where nothing says it.

        A factor of a width is no count.
        """
        value = self.choice(role)
        if not isinstance(value, int | float) or not self._is_counted(role):
            return None
        return int(value)

    @property
    def is_tiny(self) -> bool:
        """Whether layers are known to be so narrow that they can do little."""
        width = self.count("width")
        return width is not None and width <= TINY_WIDTH

    def change(self, role: Role, value: ParameterValue) -> tuple[SpaceChange, ...]:
        """Fix the hyperparameter of a role; nothing where it is missing, or cannot be so."""
        name = self.named(role)
        if name is None:
            return ()
        try:
            study_hyperparameters(self.settings)[name].check(value)
        except SearchSpaceError:
            return ()
        return (change(name, value),)

    def search(self, role: Role, low: float, high: float) -> tuple[SpaceChange, ...]:
        """Search other counts of a role; nothing where it is missing, or is no count."""
        name = self.named(role)
        if name is None or not self._is_counted(role):
            return ()
        return (change_range(name, low, high, is_whole=True),)

    def _is_counted(self, role: Role) -> bool:
        known = study_hyperparameters(self.settings).get(self.named(role) or "")
        return known is not None and known.numbers is not None and known.numbers.whole


def space_parameters(settings: StudySettings) -> Mapping[str, Mapping[str, Json]]:
    """The study's search space, entry by entry."""
    parameters = settings.space.get("parameters", {})
    if not isinstance(parameters, Mapping):
        return {}
    return {name: entry for name, entry in parameters.items() if isinstance(entry, Mapping)}


def study_hyperparameters(settings: StudySettings) -> Mapping[str, Hyperparameter]:
    """All that the study's networks have, whether its space names it or not."""
    return hyperparameters_of(family_of(settings.space), space_parameters(settings))


def named(settings: StudySettings, role: Role) -> str | None:
    """The name of the networks' first hyperparameter of a role; None where they have none."""
    known = study_hyperparameters(settings)
    return next((name for name, one in known.items() if one.role == role), None)


def change(parameter: str, value: ParameterValue) -> SpaceChange:
    """Fix a parameter at a value."""
    return SpaceChange(parameter, value_text(value))


def change_range(
    parameter: str, low: float, high: float, *, is_whole: bool = False
) -> SpaceChange:
    """Search a parameter between two values."""
    if is_whole:
        return SpaceChange(parameter, range_text(round(low), max(round(high), round(low) + 1)))
    return SpaceChange(parameter, range_text(float(f"{low:.3g}"), float(f"{high:.3g}")))
