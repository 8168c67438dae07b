"""Which parameter values are tried next: Optuna's samplers by name, made anew for each trial.

A sampler's random state is never stored: its seed is a hash of (study seed, trial number), so a
study that was killed and continued proposes what the uninterrupted one would have.
`PerTrialSampler` does this by itself when Optuna opens a trial; `ask_with` asks for a trial
whose params are partly given, so that a stack's trials share their batch size.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from automl.errors import ConfigError
from automl.tuning.seeds import derive_seed
from search_spaces import SearchSpace
from storage.records import ParameterValue

N_STARTUP_TRIALS = 10
"""Trials drawn at random before a model of the results is used. Source: Optuna's default."""


def _make_tpe(study_seed: int, trial_number: int) -> BaseSampler:
    """TPE that models parameters jointly, per group of parameters that occur together."""
    with _silenced("group"):
        return TPESampler(
            n_startup_trials=N_STARTUP_TRIALS,
            seed=derive_seed(study_seed, trial_number, "sampler"),
            multivariate=True,
            group=True,
            constant_liar=True,
        )


def _make_random(study_seed: int, trial_number: int) -> BaseSampler:
    return RandomSampler(seed=derive_seed(study_seed, trial_number, "sampler"))


def _make_qmc(study_seed: int, trial_number: int) -> BaseSampler:
    """Sobol's sequence: its scrambling is the study's, its position is kept by Optuna."""
    with _silenced("QMCSampler"):
        return QMCSampler(
            scramble=True,
            seed=derive_seed(study_seed, "sampler"),
            independent_sampler=_make_random(study_seed, trial_number),
            warn_independent_sampling=False,  # conditional parameters are expected here
        )


def _make_gp(study_seed: int, trial_number: int) -> BaseSampler:
    """A Gaussian process over the parameters that all trials have; the others at random."""
    return GPSampler(
        seed=derive_seed(study_seed, trial_number, "sampler"),
        independent_sampler=_make_random(study_seed, trial_number),
        n_startup_trials=N_STARTUP_TRIALS,
    )


SAMPLERS: Mapping[str, Callable[[int, int], BaseSampler]] = {
    "tpe": _make_tpe,
    "random": _make_random,
    "qmc": _make_qmc,
    "gp": _make_gp,
}
"""By name, from (study seed, trial number). CMA-ES is missing: it has no conditions."""


def make_sampler(name: str, seed: int, trial_number: int) -> BaseSampler:
    """Make the sampler for one trial of a study.

    Raises:
        ConfigError: there is no sampler of that name.
    """
    return _find(name)(seed, trial_number)


class PerTrialSampler(BaseSampler):
    """Samples each trial with a sampler made for that trial, params in `fixed` excepted.

    The trial's number is known only once Optuna has created the trial, and with enqueued
    trials or several coordinators it cannot be foretold: so the sampler is made in
    `before_trial`.
    """

    def __init__(
        self, name: str, seed: int, fixed: Mapping[str, ParameterValue] | None = None
    ) -> None:
        self.name = name
        self.seed = seed
        self.fixed = dict(fixed or {})
        self._make = _find(name)
        self._sampler = self._make(seed, 0)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial."""
        self._sampler = self._make(self.seed, trial.number)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is sampled jointly: nothing that is fixed."""
        space = self._sampler.infer_relative_search_space(study, trial)
        return {name: each for name, each in space.items() if name not in self.fixed}

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
        """Return the fixed value, or sample one parameter alone."""
        if param_name in self.fixed:
            return self.fixed[param_name]
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


def ask_with(
    study: optuna.Study, space: SearchSpace, fixed: Mapping[str, ParameterValue]
) -> tuple[Trial, dict[str, ParameterValue]]:
    """Ask a study with a `PerTrialSampler` for a trial whose params are partly given.

    The other parameters are sampled as always. The given ones are left out of what is sampled
    jointly and written into the trial like any other, so that the sampler learns from them.
    This costs no more than a free trial. An enqueued trial would take two more writes and a
    place in the study before it is asked for; a distribution of one choice is refused by Optuna
    where the study has had others.

    Args:
        fixed: values by name; a parameter that the trial turns out not to have is ignored.

    Returns:
        The trial and its complete params, as `SearchSpace.suggest` gives them.

    Raises:
        ConfigError: the space cannot have a value.
    """
    for name, value in fixed.items():
        if name not in space.parameters or value not in space.parameters[name]:
            raise ConfigError(f"{name} cannot be {value!r} in the search space {space.name}.")
    sampler = study.sampler
    if not isinstance(sampler, PerTrialSampler):
        raise TypeError(f"`ask_with` needs a PerTrialSampler, but the study has {sampler}.")
    study.sampler = PerTrialSampler(sampler.name, sampler.seed, {**sampler.fixed, **fixed})
    try:
        trial = study.ask()
        return trial, space.suggest(trial)
    finally:
        study.sampler = sampler


def _find(name: str) -> Callable[[int, int], BaseSampler]:
    if name not in SAMPLERS:
        raise ConfigError(f"The sampler must be one of {', '.join(SAMPLERS)}, but got {name!r}.")
    return SAMPLERS[name]


@contextmanager
def _silenced(feature: str) -> Iterator[None]:
    """Silence Optuna's warning that this one feature may change."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", rf".*{feature}", ExperimentalWarning)
        yield
