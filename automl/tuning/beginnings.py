"""How trials begin: asked of the sampler, or gone on with after their process died.

    ask    -> plan -> start
    pause  -> go on from where it rests
    adopt  -> plan -> checkpoints, or from the first epoch -> start

Trials and their runs are written down in one transaction, before they start: all that a round of
the virtual order calls for, decided from one past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import optuna

from automl.executors.executor import RunFailure
from automl.training.trainer import RunBegan
from automl.tuning.adoption import AdoptedTrial, adopt_dead_trials, adopt_told_trials
from automl.tuning.asking import ask_for, ask_many, refuse_unfit
from automl.tuning.first_trials import TRIED_FIRST
from automl.tuning.paused_trials import Paused
from automl.tuning.policies.policy import Start as StartTrial
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.search_state import SearchState
from automl.tuning.setbacks import LOST_ATTEMPTS_LIMIT, LOST_CALLS_LIMIT
from automl.tuning.study_view import is_paused, turn_of
from automl.tuning.trial_in_training import TrialInTraining
from automl.tuning.widening import widen
from automl.wording.counts import count
from storage.records import BY_MACHINE, ParameterValue

USED_UP = "every combination of values in the search space has been tried"
"""Why fewer trials are made than are wanted, if duplicates are not (`untried.py`)."""


def adopt(state: SearchState) -> None:
    """Go on with the trials of processes that died or were stopped, but for those that pause.

    Where the search is over, only with the one that is to be complete (`finishing.py`).
    """
    in_training = []
    for adopted in adopt_dead_trials(state.study, state.store, state.problem.settings):
        trial = state.study._storage.get_trial(adopted.handle._trial_id)
        if is_paused(trial):
            state.trials.paused.add(adopted)
            state.decider.change(adopted.number, "paused")
        else:
            in_training.append((adopted, turn_of(trial)))
    stopping = state.decider.stopping
    is_over = stopping.reason is not None
    best = stopping.standing.best_unfinished(state.tally.best_value) if is_over else None
    for adopted, turn in in_training:
        if not is_over or (best is not None and adopted.number == best[0]):
            state.trials.order.enter(adopted.number, adopted.n_reported, turn)
            begin_again(state, adopted)


def begin_again(state: SearchState, adopted: AdoptedTrial, how: str = "") -> None:
    """Train an adopted trial from its checkpoints, or from the start: the same curve.

    One that nobody could train any further fails.

    Args:
        how: its process has ended, where that is known.
    """
    in_call = adopted.setbacks.n_lost
    if in_call >= LOST_ATTEMPTS_LIMIT or adopted.n_lost >= LOST_CALLS_LIMIT:
        trial = _planned_again(state, adopted)
        last = f", at last: {how}" if how else ""
        message = f"its process died {max(in_call, adopted.n_lost)} times{last}"
        trial.failures = {run_id: RunFailure(run_id, "lost", message) for run_id in trial.runs}
        state.start([trial], [])
        return
    trial = go_on(state, adopted)
    if how or adopted.n_lost:
        state.say(f"trial {trial.number} is to go on (attempt {trial.attempt})")


def decide(state: SearchState, n_free: int, *, is_time_late: bool = False) -> None:
    """Let the policy fill free places: new trials, and paused ones that go on.

    All is decided from one past, and in the file as a whole. What is tried first is decided while
    no other coordinator can make trials, so that two which begin together share it.

    Args:
        is_time_late: whether the policy's last part of the call's time has begun.
    """
    tries_first = state.decider.tries_first(n_free, _n_startable(state))
    with state.store.transaction(at_once=True) if tries_first else nullcontext():
        started, taken_up = _decided(state, n_free, is_time_late=is_time_late)
    state.start(started, [run.config for trial in started for run in trial.runs.values()])
    for trial in taken_up:
        if isinstance(trial, AdoptedTrial):
            go_on(state, trial)
    state.let_train([trial for trial in taken_up if isinstance(trial, TrialInTraining)])


def _decided(
    state: SearchState, n_free: int, *, is_time_late: bool
) -> tuple[Sequence[TrialInTraining], Sequence[Paused]]:
    """New trials, and those that go on, written down and not begun yet."""
    state.look_at_others()
    n_startable = _n_startable(state)
    widen(state)
    decisions = state.decider.decide(n_free, n_startable, is_time_late=is_time_late)
    if not decisions:
        _keep_belief(state)  # it may have learned all the same
        return (), ()
    proposals = [one.params for one in decisions if isinstance(one, StartTrial)]
    numbers = [one.number for one in decisions if not isinstance(one, StartTrial)]
    with state.store.transaction(at_once=True):
        _keep_belief(state)
        started = _ask(state, proposals)
        told = [number for number in numbers if number not in state.trials.paused]
        settings = state.problem.settings
        for adopted in adopt_told_trials(state.study, state.store, settings, told):
            state.trials.paused.add(adopted)
        taken_up = [state.take_up(number) for number in numbers if number in state.trials.paused]
        for number in set(told).difference(trial.number for trial in taken_up):
            state.decider.change(number, "training")  # by another coordinator, since just now
    return started, taken_up


def _n_startable(state: SearchState) -> int | None:
    """How many trials may still be made; None: any number."""
    total = state.options.total
    return None if total is None else max(0, total - state.tally.n_asked)


def _keep_belief(state: SearchState) -> None:
    if (learned := state.decider.new_belief()) is not None:
        state.store.beliefs.add(state.problem.study_name, learned)


def go_on(state: SearchState, adopted: AdoptedTrial) -> TrialInTraining:
    """Train a trial on whose runs nobody holds."""
    trial = _planned_again(state, adopted)
    state.start([trial], state.keeper.checkpoints.continuations(trial, adopted))
    return trial


def _planned_again(state: SearchState, adopted: AdoptedTrial) -> TrialInTraining:
    # Not `suggest`: ranges may have been widened since, and Optuna would say that they differ.
    params = state.problem.space.complete(adopted.handle.params)
    trial = _plan(state, adopted.handle, params, attempt=adopted.n_attempts + 1)
    if adopted.n_reported:  # it was within the study's limits
        trial.lift_limits()
    trial.n_reported, trial.setbacks = adopted.n_reported, adopted.setbacks
    return trial


def _ask(
    state: SearchState, proposals: Sequence[Mapping[str, ParameterValue] | None]
) -> list[TrialInTraining]:
    """Make new trials; others may have had the last."""
    if not proposals:
        return []
    tally, space = state.tally, state.problem.space
    _refuse_unfit(state)
    with state.store.optuna_storage.trials.at_most(state.options.total):
        given = [params for params in proposals if params is not None]
        asked = (
            ask_for(state.study, space, given)
            if given
            else ask_many(state.study, space, len(proposals))
        )
    trials = [_plan(state, handle, params, attempt=1) for handle, params in asked]
    n_enqueued = sum("fixed_params" in _system_attributes(trial) for trial in trials if given)
    of_each = [*[None] * n_enqueued, *given[n_enqueued:], *[None] * len(trials)]
    for trial, proposal in zip(trials, of_each, strict=False):
        if (name := state.decider.start(trial.number, trial.params, proposal)) is not None:
            trial.handle.storage.set_trial_system_attr(trial.handle._trial_id, TRIED_FIRST, name)
        tally.note(trial.number, "training")
        if tally.has_machine_decided:
            trial.handle.set_user_attr(BY_MACHINE, "params")
        elif state.problem.settings.max_latency is not None:  # and so what may be proposed
            state.note_machine(trial, "limits")
    is_full, total = len(trials) < len(proposals), state.options.total
    if is_full and (n_trials := _n_trials(state)) < (total or n_trials + len(trials)):
        state.say(f"{USED_UP}: the study ends with {count(n_trials, 'trial')}")
    last = max((trial.number + 1 for trial in trials), default=0)
    if is_full and total is not None:
        last = total
    tally.n_asked = max(tally.n_asked, last)  # one that a person has enqueued has an older number
    return trials


def _system_attributes(trial: TrialInTraining) -> Mapping[str, object]:
    return trial.handle.storage.get_trial(trial.handle._trial_id).system_attrs


def _refuse_unfit(state: SearchState) -> None:
    """End what a person has enqueued and nobody can train; it has been tried all the same."""
    refused = dict(refuse_unfit(state.study))
    if not refused:
        return
    trials = state.study.get_trials(deepcopy=False)
    state.decider.take_over([trials[number] for number in refused])
    for number, why in refused.items():
        state.tally.note_failed(number, "crashed")
        state.say(f"trial {number} failed: {why}")


def _n_trials(state: SearchState) -> int:
    return len(state.study.get_trials(deepcopy=False))


def take_begun(state: SearchState, began: RunBegan) -> None:
    """Keep what who trains a run has seen of its network before the first epoch."""
    trial = state.trials.of_run(began.run_id)
    if trial is None:
        return
    run = trial.runs[began.run_id]
    if run.n_parameters is None:
        run.n_parameters = began.n_parameters
    if began.latency is not None:
        trial.handle.set_user_attr("latency", began.latency)
    if began.layers and began.run_id == min(trial.runs):  # they speak for those of other folds
        state.store.runs.add_initial_layers(began.run_id, began.layers)


def _plan(
    state: SearchState,
    handle: optuna.trial.Trial,
    params: Mapping[str, ParameterValue],
    *,
    attempt: int,
) -> TrialInTraining:
    """One run per fold, written down before they start."""
    runs: dict[int, RunInTraining] = {}
    planned = state.problem.plan(handle.number, params)
    n_parameters = state.problem.n_parameters(planned[0])
    for run in planned:
        record = state.store.runs.begin(
            state.problem.study_name,
            trial_number=handle.number,
            purpose="search",
            seed=run.seed,
            fold=run.fold,
            attempt=attempt,
            n_parameters=n_parameters,
        )
        runs[record.run_id] = RunInTraining(replace(run, run_id=record.run_id), n_parameters)
    return TrialInTraining(handle, params, runs, attempt)
