"""A person's own objective: one run per trial, of which nothing is known but its losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from automl.data.dataset import NO_DATA, Dataset
from automl.models.own.builders import known
from automl.objectives.trainer import SECONDS, ObjectiveConfig
from automl.training.config import RunConfig, TrainingConfig
from automl.tuning.problem import NOT_STORED, Problem
from automl.tuning.seeds import derive_seed
from search_spaces.declared import OBJECTIVE_FAMILY
from storage.records import Json, ParameterValue, StudySettings


@dataclass(frozen=True, eq=False)
class ObjectiveProblem(Problem):
    """A study of an objective, which has been handed over to this process."""

    settings: StudySettings
    dataset: Dataset = field(default=NO_DATA, init=False)
    has_weights: ClassVar[bool] = False

    def of(self, settings: StudySettings) -> ObjectiveProblem:
        """The same with other settings."""
        return replace(self, settings=settings)

    @property
    def is_trusted(self) -> bool:
        """No: it is a person's own."""
        return False

    @property
    def engine(self) -> str | None:
        """Any: who asks for one worker, without limits, has their loop in their own process."""
        return None

    def trainer(self, wanted: str) -> str:
        """The one for objectives."""
        return "objective"

    @property
    def model(self) -> bytes | None:
        """The objective."""
        return known(self.settings.data_source).packed()

    def plan(
        self, trial_number: int, params: Mapping[str, ParameterValue]
    ) -> tuple[RunConfig, ...]:
        """One run."""
        settings = self.settings
        config = ObjectiveConfig(settings.data_source, dict(params))
        training = TrainingConfig(max_epochs=settings.max_epochs, patience=settings.patience)
        seed = derive_seed(settings.seed, trial_number, "search", 0)
        return (RunConfig(NOT_STORED, trial_number, OBJECTIVE_FAMILY, config, training, seed),)

    def cost(self, params: Mapping[str, ParameterValue]) -> float:
        """The same for all."""
        return SECONDS

    @property
    def limits(self) -> None:
        """Nothing is limited."""

    def check_limits(self) -> None:
        """There are none."""

    def n_parameters(self, run: RunConfig) -> int | None:
        """Nobody knows."""
        return None

    def details(self, run: RunConfig) -> dict[str, Json]:
        """Nothing: a state is its objective's own affair."""
        return {}
