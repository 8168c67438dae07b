"""How trials begin: asked of the sampler, or gone on with after their process died.

    ask    -> plan -> look first -> start
    adopt  -> plan -> checkpoints, or from the first epoch -> start

A trial and its runs are written down in one transaction, before they start. What a look at a
network shows to be hopeless has failed before its first epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import optuna

from automl.diagnostics.layer_signals import are_finite
from automl.executors.executor import RunFailure
from automl.training.trainer import RunBegan
from automl.tuning.adoption import LOST_ATTEMPTS_LIMIT, AdoptedTrial, adopt_dead_trials
from automl.tuning.endings import fail
from automl.tuning.problem import judge_look
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining
from storage.errors import StudyIsFull
from storage.records import LayerGradientRecord, ParameterValue


def adopt(state: SearchState) -> None:
    """Go on with the trials of processes that died or were stopped."""
    for adopted in adopt_dead_trials(state.study, state.store):
        begin_again(state, adopted)


def begin_again(state: SearchState, adopted: AdoptedTrial, how: str = "") -> None:
    """Train an adopted trial from its checkpoints, or from the start: the same curve.

    Args:
        how: its process has ended, where that is known.
    """
    params = state.problem.space.suggest(adopted.handle)  # a trial opened again draws nothing
    trial = _plan(state, adopted.handle, params, attempt=adopted.n_attempts + 1)
    trial.n_reported, trial.n_lost = adopted.n_reported, adopted.n_lost
    if adopted.n_lost >= LOST_ATTEMPTS_LIMIT:
        last = f", at last: {how}" if how else ""
        fail(state, trial, "lost", f"its process died {adopted.n_lost} times{last}")
        return
    state.say(f"trial {trial.number} is to go on (attempt {trial.attempt})")
    state.start(trial, state.keeper.continuations(trial, adopted))


def begin_next(state: SearchState) -> bool:
    """Ask for one more trial and start it; False if other processes have asked for the last."""
    trial = _ask(state)
    if trial is None:
        return False
    if not (state.policy.preflight and _is_hopeless(state, trial)):
        state.start(trial, [run.config for run in trial.runs.values()])
    return True


def take_begun(state: SearchState, began: RunBegan) -> None:
    """Take what only who trains a run could tell of it, where nothing was known of it here."""
    trial = state.trial_of(began.run_id)
    if trial is None or trial.runs[began.run_id].n_parameters is not None:
        return
    trial.runs[began.run_id].n_parameters = began.n_parameters
    if began.run_id == next(iter(trial.runs)):  # its layers speak for those of the other folds
        layers, failure = judge_look(began.run_id, began.layers)
        if not are_finite(layers):
            words = "its outputs are no finite numbers on the first batch"
            failure = RunFailure(began.run_id, "diverged", words)
        _take_look(state, trial, layers, failure)


def _ask(state: SearchState) -> TrialInTraining | None:
    with state.store.transaction():
        try:
            with state.store.optuna_storage.trials.at_most(state.policy.n_trials):
                handle = state.study.ask()
        except StudyIsFull:
            state.tally.n_asked = state.policy.n_trials
            return None
        state.tally.n_asked = handle.number + 1
        return _plan(state, handle, state.problem.space.suggest(handle), attempt=1)


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


def _is_hopeless(state: SearchState, trial: TrialInTraining) -> bool:
    """Look at one batch before the first epoch; a trial without signal has failed."""
    first = next(iter(trial.runs.values()))
    layers, failure = state.problem.look_first(first.config)
    _take_look(state, trial, layers, failure)
    return failure is not None


def _take_look(
    state: SearchState,
    trial: TrialInTraining,
    layers: Sequence[LayerGradientRecord],
    failure: RunFailure | None,
) -> None:
    if layers:
        state.store.runs.add_initial_layers(next(iter(trial.runs)), layers)
    if failure is not None and state.policy.preflight:
        fail(state, trial, failure.cause, failure.message)
