"""TPE as a sampler of Optuna's: proposes each trial whole, when its first parameter is asked for.

Inside `same_past` the study is read and modelled once, and all trials asked for meanwhile are
proposed from that. A trial's seed follows from the study's and its number, so that it does not
matter in which process, or with which others, it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from automl.tuning.limits import Limits
from automl.tuning.seeds import derive_seed
from automl.tuning.tpe.dimensions import Dimensions
from automl.tuning.tpe.past import PastReader, past_of
from automl.tuning.tpe.proposals import Cost, Model
from search_spaces import SearchSpace
from storage.earlier_records import EarlierStudy
from storage.records import ParameterValue


class TreeParzenSampler(BaseSampler):
    """Tree-structured Parzen estimation over all parameters of a search space.

    Args:
        cost: what an epoch of a trial with these params costs, in any unit; None: all the same.
        limits: what a network may be; None: anything.
        earlier: studies to learn from beside the study's own trials, fitted into the space.
    """

    def __init__(
        self,
        space: SearchSpace,
        study_seed: int,
        cost: Cost | None = None,
        limits: Limits | None = None,
        earlier: Sequence[EarlierStudy] = (),
    ) -> None:
        self._distributions = {
            name: each for name, each in space.distributions().items() if not each.single()
        }
        self._dimensions = Dimensions(space)
        self._reader = PastReader(self._dimensions)
        self._seed, self._cost, self._limits = study_seed, cost, limits
        self._earlier = [past_of(study, self._dimensions) for study in earlier]
        self._model: Model | None = None

    @contextmanager
    def same_past(self, study: optuna.Study) -> Iterator[None]:
        """Propose all trials asked for inside from the past as it is now."""
        self._model = self._model_of(study)
        try:
            yield
        finally:
            self._model = None

    def propose(
        self, study: optuna.Study, trial_numbers: Sequence[int]
    ) -> list[dict[str, ParameterValue]]:
        """All params of each of these trials, fixed ones included."""
        model = self._model or self._model_of(study)
        return model.propose([derive_seed(self._seed, n, "sampler") for n in trial_numbers])

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is proposed in one go: every parameter that any trial can have."""
        return self._distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose a trial's params; those that it does not have are left out."""
        (params,) = self.propose(study, [trial.number])
        return {name: params[name] for name in search_space if name in params}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw at random what no proposal has: a person has chosen what it depends on."""
        seed = derive_seed(self._seed, trial.number, "sampler", param_name)
        return RandomSampler(seed=seed).sample_independent(
            study, trial, param_name, param_distribution
        )

    def _model_of(self, study: optuna.Study) -> Model:
        past = self._reader.read(study)
        return Model(self._dimensions, past, self._cost, self._limits, earlier=self._earlier)
