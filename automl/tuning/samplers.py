"""Which parameter values are tried next: samplers by name, our own TPE and Optuna's others.

A sampler's random state is never stored: its seed is a hash of (study seed, trial number), so a
study that was killed and continued proposes what the uninterrupted one would have.
`PerTrialSampler` does this by itself when Optuna opens a trial.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from automl.errors import ConfigError, did_you_mean
from automl.tuning.failures_seen import FailuresSeen
from automl.tuning.limits import Limits, drawn_at_random
from automl.tuning.seeds import derive_seed
from automl.tuning.tpe.dimensions import undrawn_values
from automl.tuning.tpe.proposals import Cost
from automl.tuning.tpe.sampler import TreeParzenSampler
from automl.tuning.untried import Tried, TriedReader
from search_spaces import SearchSpace
from storage.earlier_records import EarlierStudy
from storage.records import ParameterValue

N_STARTUP_TRIALS = 10
"""Trials drawn at random before a model of the results is used. Source: Optuna's default."""


def _make_tpe(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    """Our own TPE, which takes the number from each trial."""
    return TreeParzenSampler(space, study_seed)


def _make_random(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    return RandomSampler(seed=derive_seed(study_seed, trial_number, "sampler"))


def _make_qmc(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    """Sobol's sequence: its scrambling is the study's, its position is kept by Optuna."""
    with _silenced("QMCSampler"):
        return QMCSampler(
            scramble=True,
            seed=derive_seed(study_seed, "sampler"),
            independent_sampler=_make_random(space, study_seed, trial_number),
            warn_independent_sampling=False,  # conditional parameters are expected here
        )


def _make_gp(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    """A Gaussian process over the parameters that all trials have; the others at random."""
    return FailuresSeen(
        seed=derive_seed(study_seed, trial_number, "sampler"),
        independent_sampler=_make_random(space, study_seed, trial_number),
        n_startup_trials=N_STARTUP_TRIALS,
    )


SAMPLERS: Mapping[str, Callable[[SearchSpace, int, int], BaseSampler]] = {
    "tpe": _make_tpe,
    "random": _make_random,
    "qmc": _make_qmc,
    "gp": _make_gp,
}
"""By name, from (space, study seed, trial number). CMA-ES is missing: it has no conditions."""


def make_sampler(name: str, space: SearchSpace, seed: int, trial_number: int) -> BaseSampler:
    """Make the sampler for one trial of a study.

    Raises:
        ConfigError: there is no sampler of that name.
    """
    return _find(name)(space, seed, trial_number)


class PerTrialSampler(BaseSampler):
    """Samples each trial with a sampler made for that trial.

    The trial's number is known only once Optuna has created the trial, and with enqueued
    trials or several coordinators it cannot be foretold: so the sampler is made in
    `before_trial`. TPE alone serves all trials: it takes the number from each.

    Args:
        cost: what an epoch of a trial with these params costs, in any unit, for samplers that
            count it; None: all the same.
        limits: what a network may be; None: anything.
        earlier: studies to learn from as well, fitted into the space, for samplers that do.
        allows_duplicates: whether a trial may have the params of an earlier one.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        seed: int,
        cost: Cost | None = None,
        limits: Limits | None = None,
        earlier: Sequence[EarlierStudy] = (),
        *,
        allows_duplicates: bool = False,
    ) -> None:
        self._distributions = space.distributions()
        self._undrawn = undrawn_values(space)
        self._make = functools.partial(_find(name), space, seed)
        self._sampler = self._make(0)
        if isinstance(self._sampler, TreeParzenSampler):
            self._sampler = TreeParzenSampler(space, seed, cost, limits, earlier)
        self._limits, self._space, self._seed = limits, space, seed
        self._whole: dict[str, ParameterValue] = {}  # of the trial that is being asked for
        self._reader = None if allows_duplicates else TriedReader(space)

    def tried(self, study: optuna.Study) -> Tried | None:
        """What a study has tried; None: what is proposed may be a duplicate."""
        return None if self._reader is None else self._reader.read(study)

    def untried(
        self, proposal: Mapping[str, ParameterValue], tried: Tried, trial_number: int
    ) -> dict[str, ParameterValue] | None:
        """A proposal, or the nearest that no trial has had; None: all has been tried.

        What is moved stays within the limits; what is proposed has been brought there.
        """
        if proposal not in tried:
            return dict(proposal)
        seed = derive_seed(self._seed, trial_number, "untried")
        return tried.nearest_untried(proposal, seed, self._allows)

    def any_untried(self, tried: Tried) -> dict[str, ParameterValue] | None:
        """Any params that no trial has had; None: all has been tried."""
        if self._limits is None:
            return tried.nearest_untried({}, 0)
        return self.untried(self._limits.smallest, tried, 0)

    def _allows(self, params: Mapping[str, ParameterValue]) -> bool:
        return self._limits is None or self._limits.allows(params)

    def same_past(self, study: optuna.Study) -> AbstractContextManager[None]:
        """Let all trials asked for inside see the study as it is now.

        It is read and modelled once. Optuna's own samplers read it for each trial, as they do.
        """
        if isinstance(self._sampler, TreeParzenSampler):
            return self._sampler.same_past(study)
        return nullcontext()

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """What is drawn: one of each parameter that any trial can have."""
        return self._distributions

    @property
    def needs_trial(self) -> bool:
        """Whether it draws for stored trials only: Optuna's Gaussian process notes it there."""
        return not isinstance(self._sampler, TreeParzenSampler)

    def propose(
        self, study: optuna.Study, trial_numbers: Sequence[int]
    ) -> list[dict[str, ParameterValue]]:
        """All params of trials that are not yet asked for."""
        assert isinstance(self._sampler, TreeParzenSampler)
        return self._sampler.propose(study, trial_numbers) if trial_numbers else []

    def draw(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, ParameterValue]:
        """All params of a trial that has none yet, as Optuna draws them for `Trial.suggest_...`.

        They are not set: that is left to who asks.
        """
        self.before_trial(study, trial)
        jointly = self.infer_relative_search_space(study, trial)
        drawn = self.sample_relative(study, trial, jointly)
        params: dict[str, ParameterValue] = {}
        for name, parameter in self._space.parameters.items():
            if not parameter.is_active(params):
                continue
            if name in self._undrawn:
                params[name] = self._undrawn[name]
            elif name in drawn:
                params[name] = drawn[name]
            else:
                distribution = self._distributions[name]
                params[name] = self.sample_independent(study, trial, name, distribution)
        return params

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial."""
        if not isinstance(self._sampler, TreeParzenSampler):
            self._sampler = self._make(trial.number)
        self._whole = {}
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is sampled jointly."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample jointly; where networks are limited, the whole trial is decided here."""
        drawn = self._sampler.sample_relative(study, trial, search_space)
        if self._limits is None or isinstance(self._sampler, TreeParzenSampler):
            return drawn
        self._whole = self._within(self._limits, study, trial, drawn)
        return {name: self._whole[name] for name in search_space if name in self._whole}

    def _within(
        self,
        limits: Limits,
        study: optuna.Study,
        trial: FrozenTrial,
        drawn: Mapping[str, ParameterValue],
    ) -> dict[str, ParameterValue]:
        """All params of a trial of one of Optuna's samplers, within the limits.

        What comes from a model is not drawn again, since it would be much the same: it is brought
        within them.
        """
        others = {
            name: self._sampler.sample_independent(study, trial, name, distribution)
            for name, distribution in self._distributions.items()
            if name not in drawn
        }
        first = self._space.suggest(FixedTrial({**drawn, **others}))
        if isinstance(self._sampler, GPSampler) and drawn:
            return limits.brought_within(first)

        def draw(k: int) -> dict[str, ParameterValue]:
            seed = derive_seed(self._seed, trial.number, "sampler", k)
            return drawn_at_random(self._space, seed) if k else first

        return limits.within(draw)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample one parameter alone, if it is not decided already."""
        if param_name in self._whole:
            return self._whole[param_name]
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Let the sampler see the result."""
        self._sampler.after_trial(study, trial, state, values)


def _find(name: str) -> Callable[[SearchSpace, int, int], BaseSampler]:
    if name not in SAMPLERS:
        known, hint = ", ".join(SAMPLERS), did_you_mean(name, SAMPLERS)
        raise ConfigError(f"The sampler must be one of {known}, but got {name!r}{hint}")
    return SAMPLERS[name]


@contextmanager
def _silenced(feature: str, category: type[Warning] = ExperimentalWarning) -> Iterator[None]:
    """Silence Optuna's warning that this one feature may change, or will go."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", rf".*{feature}", category)
        yield
