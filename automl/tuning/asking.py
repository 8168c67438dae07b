"""Asking for trials: several at once, proposed from one past, each made whole.

Optuna asks for a trial and then for its parameters one by one. Where a sampler proposes whole
trials, the trial is written down with all of its params in one go, and its handle finds them
there: a fifth of the time.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress

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
    return _ask_all(study, space, n_trials, None)


def ask_for(
    study: optuna.Study, space: SearchSpace, proposals: Sequence[Mapping[str, ParameterValue]]
) -> list[Asked]:
    """Make trials of params that somebody proposes; otherwise as `ask_many`.

    What a person has enqueued takes the place of the first, and what was tried already is moved.
    """
    return _ask_all(study, space, len(proposals), proposals)


def _ask_all(
    study: optuna.Study,
    space: SearchSpace,
    n_trials: int,
    proposals: Sequence[Mapping[str, ParameterValue]] | None,
) -> list[Asked]:
    sampler = study.sampler
    assert isinstance(sampler, PerTrialSampler)
    trials = study.get_trials(deepcopy=False)
    n_waiting = min(n_trials, sum(one.state is TrialState.WAITING for one in trials))
    numbers = range(len(trials), len(trials) + n_trials - n_waiting)
    asked: list[Asked] = []
    # Nobody is asked for what is proposed, so that the past need not be modelled.
    past = sampler.same_past(study) if proposals is None else nullcontext()
    with past, suppress(StudyIsFull):
        tried = sampler.tried(study)
        if proposals is None and sampler.needs_trial:
            new = _singly(study, sampler, numbers, tried)
        else:
            drawn = sampler.propose(study, numbers) if proposals is None else proposals[n_waiting:]
            new = _whole_ones(study, sampler, zip(numbers, drawn, strict=True), tried)
        for one in itertools.chain(_enqueued(study, space, n_waiting), new):
            asked.append(one)
            if tried is not None:
                tried.add(one[1])
    return asked


def refuse_unfit(study: optuna.Study) -> list[tuple[int, str]]:
    """End what a person has enqueued with values that its parameters cannot have.

    A number beyond its range is none of them: Optuna takes it as it is.

    Returns:
        Number of each trial, and why.
    """
    sampler, storage = study.sampler, study._storage
    assert isinstance(sampler, PerTrialSampler)
    refused: list[tuple[int, str]] = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state is not TrialState.WAITING:
            continue
        given = trial.system_attrs.get("fixed_params", {})  # as `Study.enqueue_trial` has it
        for name in given.keys() & sampler.distributions.keys():
            try:
                sampler.distributions[name].to_internal_repr(given[name])
            except (TypeError, ValueError):
                why = f"it was enqueued with {name}={given[name]!r}, which {name} cannot be"
                storage.set_trial_user_attr(trial._trial_id, "cause", "crashed")
                storage.set_trial_user_attr(trial._trial_id, "cause_message", why)
                storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
                refused.append((trial.number, why))
                break
    return refused


def _enqueued(study: optuna.Study, space: SearchSpace, n_waiting: int) -> Iterator[Asked]:
    """Trials that wait; Optuna draws what the person has left open."""
    for _ in range(n_waiting):
        trial = study.ask()
        yield trial, space.suggest(trial)


def _whole_ones(
    study: optuna.Study,
    sampler: PerTrialSampler,
    proposals: Iterable[tuple[int, Mapping[str, ParameterValue]]],
    tried: Tried | None,
) -> Iterator[Asked]:
    """Trials that are written down with all of their params at once; each with its number."""
    for number, proposal in proposals:
        params = proposal if tried is None else sampler.untried(proposal, tried, number)
        if params is None:
            return
        trial_id = study._storage.create_new_trial(study._study_id, _whole(params, sampler))
        yield Trial(study, trial_id), dict(params)


def _singly(
    study: optuna.Study, sampler: PerTrialSampler, numbers: range, tried: Tried | None
) -> Iterator[Asked]:
    """Trials that are there before their params are drawn, one after the other."""
    for number in numbers:
        spare = {} if tried is None else sampler.any_untried(tried)
        if spare is None:
            return
        trial_id = study._storage.create_new_trial(study._study_id)
        drawn = sampler.draw(study, study._storage.get_trial(trial_id))
        params = drawn if tried is None else sampler.untried(drawn, tried, number) or spare
        for name, distribution in sampler.distributions.items():
            if name in params:
                value = distribution.to_internal_repr(params[name])
                study._storage.set_trial_param(trial_id, name, value, distribution)
        yield Trial(study, trial_id), params


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
