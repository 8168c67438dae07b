"""Asking for trials: several at once, proposed from one past, each made whole.

Optuna asks for a trial and then for its parameters one by one. Where a sampler proposes whole
trials, the trial is written down with all of its params in one go, and its handle finds them
there: a fifth of the time.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from automl.tuning.samplers import PerTrialSampler
from search_spaces import SearchSpace
from storage.errors import StudyIsFull
from storage.records import ParameterValue

Asked = tuple[Trial, dict[str, ParameterValue]]
"""A trial, and all its params, fixed ones included."""


def ask_many(study: optuna.Study, space: SearchSpace, n_trials: int) -> list[Asked]:
    """Ask for trials, all of which see the study as it is now.

    Inside `store.transaction(at_once=True)` nobody else asks meanwhile, so that each trial has
    the number that it was proposed for, and all are in the file or none.

    Args:
        space: of a study whose sampler is a `PerTrialSampler`.

    Returns:
        Fewer trials than were asked for where the study is full (`LiveTrials.at_most`).
    """
    sampler = _sampler_of(study)
    with sampler.same_past(study):
        first = len(study.get_trials(deepcopy=False))
        n_waiting = min(_n_waiting(study), n_trials)
        new = sampler.propose(study, range(first, first + n_trials - n_waiting))
        return _ask_all(study, space, [*(None for _ in range(n_waiting)), *new])


def ask_for(
    study: optuna.Study, space: SearchSpace, proposals: Sequence[Mapping[str, ParameterValue]]
) -> list[Asked]:
    """Make trials of params that somebody proposes; otherwise as `ask_many`.

    What a person has enqueued takes the place of the first.
    """
    n_waiting = min(_n_waiting(study), len(proposals))
    with _sampler_of(study).same_past(study):
        wanted = [*(None for _ in range(n_waiting)), *map(dict, proposals[n_waiting:])]
        return _ask_all(study, space, wanted)


def _sampler_of(study: optuna.Study) -> PerTrialSampler:
    assert isinstance(study.sampler, PerTrialSampler)
    return study.sampler


def _n_waiting(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _ask_all(
    study: optuna.Study,
    space: SearchSpace,
    wanted: Sequence[dict[str, ParameterValue] | None],
) -> list[Asked]:
    asked: list[Asked] = []
    for params in wanted:
        try:
            asked.append(_ask(study, _sampler_of(study), space, params))
        except StudyIsFull:
            break
    return asked


def _ask(
    study: optuna.Study,
    sampler: PerTrialSampler,
    space: SearchSpace,
    params: dict[str, ParameterValue] | None,
) -> Asked:
    if params is None:  # a person has put it there, or the sampler proposes one by one
        trial = study.ask()
        return trial, space.suggest(trial)
    trial_id = study._storage.create_new_trial(study._study_id, _whole(params, sampler))
    return Trial(study, trial_id), params


def _whole(params: Mapping[str, ParameterValue], sampler: PerTrialSampler) -> FrozenTrial:
    distributions = {name: each for name, each in sampler.distributions.items() if name in params}
    return FrozenTrial(
        number=-1,  # the storage gives the real one, and the id
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.datetime.now(),
        datetime_complete=None,
        params={name: params[name] for name in distributions},
        distributions=distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )
