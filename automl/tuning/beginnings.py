"""How trials begin: asked of the sampler, or gone on with after their process died.

    ask    -> plan -> start
    adopt  -> plan -> checkpoints, or from the first epoch -> start

Trials and their runs are written down in one transaction, before they start: all that a round of
the virtual order calls for, proposed from one past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import optuna

from automl.executors.executor import RunFailure
from automl.training.trainer import RunBegan
from automl.tuning.adoption import LOST_ATTEMPTS_LIMIT, AdoptedTrial, adopt_dead_trials
from automl.tuning.asking import ask_many
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining
from storage.records import BY_MACHINE, ParameterValue


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
        message = f"its process died {adopted.n_lost} times{last}"
        trial.failures = {run_id: RunFailure(run_id, "lost", message) for run_id in trial.runs}
        state.start([trial], [])
        return
    state.say(f"trial {trial.number} is to go on (attempt {trial.attempt})")
    state.start([trial], state.keeper.continuations(trial, adopted))


def propose(state: SearchState, n_trials: int) -> None:
    """Ask for so many trials, all from one past, and start them; others may have had the last."""
    tally, total = state.tally, state.policy.total
    with (
        state.store.transaction(at_once=True),
        state.store.optuna_storage.trials.at_most(total),
    ):
        asked = ask_many(state.study, state.problem.space, n_trials)
        trials = [_plan(state, handle, params, attempt=1) for handle, params in asked]
        if tally.has_machine_decided:
            for trial in trials:
                trial.handle.set_user_attr(BY_MACHINE, "params")
    is_full = len(trials) < n_trials  # of a total
    last = total if is_full and total is not None else trials[-1].number + 1
    tally.n_asked = max(tally.n_asked, last)  # one that a person has enqueued has an older number
    state.start(trials, [run.config for trial in trials for run in trial.runs.values()])


def take_begun(state: SearchState, began: RunBegan) -> None:
    """Keep what who trains a run has seen of its network before the first epoch."""
    trial = state.trials.of_run(began.run_id)
    if trial is None:
        return
    run = trial.runs[began.run_id]
    if run.n_parameters is None:
        run.n_parameters = began.n_parameters
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
