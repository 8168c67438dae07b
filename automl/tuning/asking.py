"""Asking for trials: several at once, proposed from one past, each made whole.

Optuna asks for a trial and then for its parameters one by one. Where a sampler proposes whole
trials, the trial is written down with all of its params in one go, and its handle finds them
there: a fifth of the time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import suppress

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from automl.tuning.samplers import PerTrialSampler
from automl.tuning.untried import Tried
from search_spaces import SearchSpace
from storage.errors import StudyIsFull
from storage.records import ParameterValue

Asked = tuple[Trial, dict[str, ParameterValue]]
"""A trial, and all its params, fixed ones included."""


def ask_many(study: optuna.Study, space: SearchSpace, n_trials: int) -> list[Asked]:
    """Ask for trials, all of which see the study as it is now.

    Inside `store.transaction(at_once=True)` nobody else asks meanwhile, so that each trial has
    the number that it was proposed for, and all are in the file or none. What a person has
    enqueued comes first, and as it is; what is proposed has no duplicate, see `untried.py`.

    Args:
        space: of a study whose sampler is a `PerTrialSampler`.

    Returns:
        Fewer trials than were asked for where the study is full (`LiveTrials.at_most`), or where
        all of the space has been tried.
    """
    sampler = study.sampler
    assert isinstance(sampler, PerTrialSampler)
    trials = study.get_trials(deepcopy=False)
    n_waiting = min(n_trials, sum(one.state is TrialState.WAITING for one in trials))
    numbers = range(len(trials), len(trials) + n_trials - n_waiting)
    asked: list[Asked] = []
    with sampler.same_past(study), suppress(StudyIsFull):
        tried = sampler.tried(study)
        for _ in range(n_waiting):
            trial = study.ask()
            asked.append((trial, space.suggest(trial)))
            if tried is not None:
                tried.add(asked[-1][1])
        proposed = _singly if sampler.needs_trial else _together
        for one in proposed(study, sampler, numbers, tried):
            asked.append(one)
            if tried is not None:
                tried.add(one[1])
    return asked


def _together(
    study: optuna.Study, sampler: PerTrialSampler, numbers: range, tried: Tried | None
) -> Iterator[Asked]:
    """Trials whose params are drawn at once; each is written down whole."""
    for number, drawn in zip(numbers, sampler.propose(study, numbers), strict=True):
        params = _untried(drawn, sampler, number, tried)
        if params is None:
            return
        trial_id = study._storage.create_new_trial(study._study_id, _whole(params, sampler))
        yield Trial(study, trial_id), params


def _singly(
    study: optuna.Study, sampler: PerTrialSampler, numbers: range, tried: Tried | None
) -> Iterator[Asked]:
    """Trials that are there before their params are drawn, one after the other."""
    for number in numbers:
        if _untried({}, sampler, number, tried) is None:
            return
        trial_id = study._storage.create_new_trial(study._study_id)
        drawn = sampler.draw(study, study._storage.get_trial(trial_id))
        params = _untried(drawn, sampler, number, tried)
        assert params is not None  # some of the space was untried
        for name, distribution in sampler.distributions.items():
            if name in params:
                value = distribution.to_internal_repr(params[name])
                study._storage.set_trial_param(trial_id, name, value, distribution)
        yield Trial(study, trial_id), params


def _untried(
    params: dict[str, ParameterValue],
    sampler: PerTrialSampler,
    trial_number: int,
    tried: Tried | None,
) -> dict[str, ParameterValue] | None:
    """A proposal, or the nearest that no trial has had where duplicates are not wanted."""
    if tried is None:
        return params
    return tried.nearest_untried(params, sampler.move_seed(trial_number))


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
