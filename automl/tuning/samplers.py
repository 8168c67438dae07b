"""Which parameter values are tried next: Optuna's samplers by name, made anew for each trial.

A sampler's random state is never stored: its seed is a hash of (study seed, trial number), so a
study that was killed and continued proposes what the uninterrupted one would have.
`PerTrialSampler` does this by itself when Optuna opens a trial.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeGuard

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from automl.errors import ConfigError
from automl.tuning.seeds import derive_seed
from search_spaces import SearchSpace

N_STARTUP_TRIALS = 10
"""Trials drawn at random before a model of the results is used. Source: Optuna's default."""

CELLS_TO_ROUND = 10
"""An integer of more values than this is sampled as a real number and rounded."""


class ConcurrentTPESampler(TPESampler):
    """Optuna's TPE for many trials at once: it learns from those in training, and is quick.

    To Optuna a running trial is a bad one, so that a batch of proposals does not crowd in one
    place ("constant liar"). But the best trials are those that run longest: with ten at once
    it was led away from them. So a running trial counts as if it were pruned now, by its last
    epoch and its loss there, and as a bad one only until its first report. On ten tables and
    four seeds, 60 trials ten at once against one at a time: 1.041 times the loss (0.994 to
    1.091) instead of 1.061 (1.006 to 1.120).

    An integer of many values is a real number to it, rounded when it is drawn. Optuna
    integrates the density of each of its kernels over each whole number it considers, which is
    exact and a loop in Python: for `hidden_size` alone, 16 to 256, half the time of a proposal
    in the space `mlp`. Of cells as narrow as these the density in the middle says as much.

    Args:
        joint: distributions of what is sampled jointly: the parameters that all trials have.
            Optuna finds them out by reading all trials, each time it is made.
    """

    def __init__(self, joint: Mapping[str, BaseDistribution], *, seed: int) -> None:
        with _silenced("warn_independent_sampling", FutureWarning):
            super().__init__(
                n_startup_trials=N_STARTUP_TRIALS,
                seed=seed,
                multivariate=True,
                constant_liar=True,
                warn_independent_sampling=False,  # conditional parameters are expected here
            )
        self._joint = joint

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is sampled jointly."""
        return dict(self._joint)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample jointly, then round."""
        continuous = {name: _continuous(each) for name, each in search_space.items()}
        params = super().sample_relative(_StudyInProgress(study), trial, continuous)
        return {name: _rounded(value, search_space[name]) for name, value in params.items()}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample one parameter alone, then round."""
        value = super().sample_independent(
            _StudyInProgress(study), trial, param_name, _continuous(param_distribution)
        )
        return _rounded(value, param_distribution)


class _StudyInProgress(optuna.Study):
    """The study as TPE shall see it: running trials that have reported look pruned."""

    def __init__(self, study: optuna.Study) -> None:
        self.__dict__.update(study.__dict__)

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        """Read trials as samplers do; they never change them, so that none is copied whole."""
        trials = map(_as_if_pruned, super()._get_trials(deepcopy=False, use_cache=use_cache))
        return [trial for trial in trials if states is None or trial.state in states]


def _as_if_pruned(trial: FrozenTrial) -> FrozenTrial:
    if trial.state != TrialState.RUNNING or not trial.intermediate_values:
        return trial
    pruned = copy.copy(trial)
    pruned.state = TrialState.PRUNED
    return pruned


def _is_rounded(distribution: BaseDistribution) -> TypeGuard[IntDistribution]:
    if not isinstance(distribution, IntDistribution):
        return False
    return (distribution.high - distribution.low) // distribution.step >= CELLS_TO_ROUND


def _continuous(distribution: BaseDistribution) -> BaseDistribution:
    """The range in which each of the integers has a cell of its own width."""
    if not _is_rounded(distribution):
        return distribution
    half = distribution.step / 2
    return FloatDistribution(
        distribution.low - half, distribution.high + half, log=distribution.log
    )


def _rounded(value: Any, distribution: BaseDistribution) -> Any:
    if not _is_rounded(distribution):
        return value
    low, step = distribution.low, distribution.step
    return min(max(low + step * round((value - low) / step), low), distribution.high)


def _make_tpe(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    """TPE that models jointly what all trials have, and what only some have one by one.

    Of what only some have, the built-in space has no two in the same trials.
    """
    seed = derive_seed(study_seed, trial_number, "sampler")
    return ConcurrentTPESampler(space.common_distributions(), seed=seed)


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
    return GPSampler(
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
    `before_trial`.
    """

    def __init__(self, name: str, space: SearchSpace, seed: int) -> None:
        self._make = functools.partial(_find(name), space, seed)
        self._sampler = self._make(0)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial."""
        self._sampler = self._make(trial.number)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is sampled jointly."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample jointly."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample one parameter alone."""
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
        raise ConfigError(f"The sampler must be one of {', '.join(SAMPLERS)}, but got {name!r}.")
    return SAMPLERS[name]


@contextmanager
def _silenced(feature: str, category: type[Warning] = ExperimentalWarning) -> Iterator[None]:
    """Silence Optuna's warning that this one feature may change, or will go."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", rf".*{feature}", category)
        yield
