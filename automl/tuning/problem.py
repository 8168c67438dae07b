"""What a search trains: a study's settings, and what makes a run of a trial's params.

The search, what it keeps and the runs beside it ask a `Problem` and nothing below it: which runs
a trial's params make, how large and how costly a network is, and what must be kept with its
weights to build it again. Networks on data are one (`network_problem.py`), a person's own
objective is the other (`objective_problem.py`).
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from automl.data.dataset import Dataset
from automl.training.config import RunConfig
from automl.tuning.limits import Limits
from search_spaces import SearchSpace
from search_spaces.portfolio import portfolio
from storage.records import Json, ParameterValue, StudySettings
from storage.widening_records import WideningRecord, widened_space

NOT_STORED = -1
"""The id of a run that is planned: the database gives the real one."""


class Problem(abc.ABC):
    """What a study trains, and on what.

    Attributes:
        settings: of the study.
        dataset: what is trained on; `NO_DATA` where a person's own loop brings its data.
        has_weights: whether every trial leaves some; an objective's state need not be there.
    """

    settings: StudySettings
    dataset: Dataset
    has_weights: ClassVar[bool]

    @property
    def study_name(self) -> str:
        """The study's name."""
        return self.settings.study_name

    @cached_property
    def space(self) -> SearchSpace:
        """The study's search space."""
        return SearchSpace.from_dict(self.settings.space)

    def known_good(self) -> Sequence[Mapping[str, ParameterValue]]:
        """What did well on other data, to be tried first; nothing where the study wants none."""
        return portfolio(self.space, self.settings.task) if self.settings.portfolio else ()

    def widened(self, looks: Sequence[WideningRecord]) -> Problem:
        """The same in the space that it has after some looks at its ranges; itself if it is it."""
        space = widened_space(self.settings.space, looks)
        if space == self.settings.space:
            return self
        return self.of(replace(self.settings, space=space))

    @abc.abstractmethod
    def of(self, settings: StudySettings) -> Problem:
        """The same with other settings."""

    @property
    @abc.abstractmethod
    def is_trusted(self) -> bool:
        """Whether what is trained is of this product, not of a person's own code."""

    @property
    @abc.abstractmethod
    def engine(self) -> str | None:
        """Which workers must train it; None: any may."""

    @abc.abstractmethod
    def trainer(self, wanted: str) -> str:
        """Who trains it, by the name of a `Trainer`; where stacks are wanted, what it has."""

    @property
    @abc.abstractmethod
    def model(self) -> bytes | None:
        """A person's own code that it needs, packed for workers; None where it needs none.

        Raises:
            StudyError: nobody has handed it over.
            ConfigError: it cannot be sent.
        """

    @abc.abstractmethod
    def plan(
        self, trial_number: int, params: Mapping[str, ParameterValue]
    ) -> tuple[RunConfig, ...]:
        """The runs that make a trial's value.

        Raises:
            ConfigError: a name is unknown, or a value is not possible.
        """

    @abc.abstractmethod
    def cost(self, params: Mapping[str, ParameterValue]) -> float:
        """Estimated seconds of an epoch of a trial on one fold, in proportion to other trials.

        The same wherever it is asked: neither who trains it in this call, nor what trains beside
        it counts.

        Raises:
            ConfigError: a name is unknown, or a value is not possible.
        """

    @property
    @abc.abstractmethod
    def limits(self) -> Limits | None:
        """What of the space may be trained; None: all of it."""

    @abc.abstractmethod
    def check_limits(self) -> None:
        """Refuse limits that leave nothing to train.

        Raises:
            ConfigError: nothing that the space has is within them.
        """

    @abc.abstractmethod
    def n_parameters(self, run: RunConfig) -> int | None:
        """Trainable numbers of a run's network; None where only who trains it can tell."""

    @abc.abstractmethod
    def details(self, run: RunConfig) -> dict[str, Json]:
        """What is kept with a run's weights, so that its network can be built again."""
