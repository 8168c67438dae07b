"""How trials end: complete, pruned, failed, suspended until the next call; and how they pause.

Each end is one transaction, with what is kept of the trial and what goes for it, so that a kill
leaves a trial ended or in training and nothing between. Files are written before their rows and
deleted after them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from optuna.study._tell import _tell_with_warning
from optuna.trial import TrialState

from automl.tuning.paused_trials import LEAST_SECONDS, Paused
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining, can_be_complete
from automl.tuning.weight_files import Collected
from automl.wording.scores import score_text
from storage.call_records import StopReason
from storage.records import CAUSES_BY_MACHINE, OVER_LIMIT, PAUSED, RunState

MOST_RESTING = 64
"""Pruned trials that rest until their states and weights are written, all at once."""


def complete(state: SearchState, trial: TrialInTraining, weights: Collected | None) -> None:
    """Tell the value, and keep the weights.

    Args:
        weights: what `Keeper.collect` has fetched of them; None: they are not among the best.
    """
    with state.store.transaction():
        state.keeper.save(weights)
        _close(state, trial, "complete")
        _tell(state, trial, TrialState.COMPLETE, trial.value)
        state.keeper.prune()
    state.free(trial)
    state.decider.change(trial.number, "complete")
    if state.tally.note_complete(trial):
        state.say(f"trial {trial.number} is the best so far: {score_text('loss', trial.value)}")


def complete_early(state: SearchState, trial: TrialInTraining, cause: str) -> None:
    """End a trial as it is when the search ends: people are owed the best that was found.

    Args:
        cause: "out_of_time" or "search_over".

    Raises:
        TrainingError: the worker that held the weights has just died; nothing has been told.
    """
    why = "time is up" if cause == "out_of_time" else "the search is over"
    state.say(f"{why}: trial {trial.number}, the best, ends with epoch {trial.epoch}")
    if cause == "out_of_time":
        state.note_machine(trial, "end")  # even if it has come to its end: not in its round
    for run_id, run in trial.runs.items():
        if run.end is None:
            run.end = cause
            state.executor.stop(run_id)
    weights = state.keeper.collect(trial, state.executor)
    if trial.number in state.trials.paused:
        state.take_up(trial.number)
    complete(state, trial, weights)


def prune(state: SearchState, trial: TrialInTraining) -> None:
    """Tell that a trial was pruned. Its state is there until `keep_state`."""
    with state.store.transaction():
        _close(state, trial, "pruned")
        _tell(state, trial, TrialState.PRUNED)
    state.decider.change(trial.number, "pruned")
    state.tally.note(trial.number, "pruned")


def pause(state: SearchState, trial: TrialInTraining) -> None:
    """Let a trial rest where it is, without a slot; `PausedTrials` has it from now on."""
    trial.handle.set_user_attr(PAUSED, trial.n_reported)
    state.trials.remove(trial)
    state.trials.paused.add(trial)
    state.decider.change(trial.number, "paused")
    state.tally.note(trial.number, "paused")


def let_go(state: SearchState, trials: Sequence[TrialInTraining]) -> None:
    """End the runs of trials that pause and are held no more; no process was lost by them.

    Else they would be taken for lost with this process, and a trial that is lost twice has failed.
    """
    with state.store.transaction():
        for trial in trials:
            _finish_runs(state, trial, "failed", "interrupted")


def tell_paused(state: SearchState) -> None:
    """Tell the trials that pause as pruned, at the end of a search; a later call may go on.

    Their states are kept as those of other pruned trials are. The best of all, if it could not be
    complete, is left open: the next call begins with it.
    """
    paused = state.trials.paused
    best = state.best_unfinished
    told = [trial for number, trial in paused.items() if best is None or number != best[0]]
    with state.store.transaction():
        for trial in told:
            if isinstance(trial, TrialInTraining):
                _close(state, trial, "pruned")
            else:
                for run_id in trial.run_ids.values():
                    state.store.runs.finish(run_id, "pruned", None)
                state.keeper.checkpoints.remove(trial.checkpoints)
            _tell(state, trial, TrialState.PRUNED)
            state.tally.note(trial.number, "left")
    for trial in told:
        paused.take(trial.number)
        if isinstance(trial, TrialInTraining):
            state.keeper.pruned.keep(trial, state.executor)


def keep_state(state: SearchState, trial: TrialInTraining) -> None:
    """Keep the state of a pruned trial if it is among the best of these, or free it."""
    state.trials.remove(trial)
    pruned = state.keeper.pruned
    is_candidate = trial.is_resting and trial.number in state.candidates()
    pruned.keep(trial, state.executor, is_candidate=is_candidate)
    if len(pruned.resting) >= MOST_RESTING:
        write_states(state)


def keep_candidates(state: SearchState, cut_off: Iterable[TrialInTraining] = ()) -> None:
    """Keep the weights of unfinished trials that the answer may be made of, if they are held.

    Args:
        cut_off: trials in training that count too. How far they are depends on their workers, so
            they only do where time or a person has ended the search.
    """
    training = {trial.number: trial for trial in cut_off if can_be_complete(trial)}
    candidates = state.candidates(training)
    held = (
        *state.trials.paused.held,
        *state.keeper.pruned.resting.values(),
        *training.values(),
    )
    wanted = [trial for trial in held if trial.number in candidates]
    if wanted:
        state.keeper.keep_unfinished(wanted, state.executor)


def write_states(state: SearchState) -> None:
    """Write the weights of unfinished candidates, and the states of pruned trials that are kept.

    The pruned ones are free then.
    """
    keep_candidates(state)
    if trouble := state.keeper.pruned.write(state.executor):
        state.say(trouble)


def fail(state: SearchState, trial: TrialInTraining, cause: str, message: str) -> None:
    """Rank the trial behind every feasible one, keep the cause, go on (invariant 9)."""
    with state.store.transaction():
        if cause in CAUSES_BY_MACHINE:
            state.note_machine(trial, "end")
        _close(state, trial, "failed", cause)
        trial.handle.set_user_attr("cause", cause)
        trial.handle.set_user_attr("cause_message", message)
        trial.handle.set_constraint("failed", 1.0)
        _tell(state, trial, TrialState.PRUNED)
    state.free(trial)
    state.decider.change(trial.number, "failed")
    state.tally.note_failed(trial.number, cause)
    ended = "was refused" if cause == OVER_LIMIT else "failed"
    state.say(f"trial {trial.number} {ended}: {message}")


def lose(state: SearchState, trial: TrialInTraining) -> None:
    """Give up an attempt whose worker died; its trial is told by none of that."""
    state.trials.lose(trial)
    state.executor.free(trial.runs)
    _finish_runs(state, trial, "failed", "lost")


def suspend(state: SearchState, trials: Sequence[TrialInTraining]) -> None:
    """Leave trials so that the next call goes on with them: in training, and what pauses."""
    leave(state, trials)
    resting = state.trials.paused.held
    state.keeper.checkpoints.save(_worth_a_file(resting), state.executor)
    for trial in resting:
        _finish_runs(state, trial, "failed", "interrupted")
        state.executor.free(trial.runs)


def leave(state: SearchState, trials: Sequence[TrialInTraining]) -> None:
    """Leave trials in training, so that the next call goes on with them."""
    state.keeper.checkpoints.save(trials, state.executor)
    for trial in trials:
        _finish_runs(state, trial, "failed", "interrupted")
        state.free(trial)


def keep_reason(state: SearchState, reason: StopReason) -> None:
    """Write why this call has ended, if it had anything to do."""
    tally = state.tally
    if tally.n_epochs or tally.n_told:
        made = replace(reason, n_trials=tally.n_asked, ended_at=time.time())
        state.store.calls.add(state.problem.study_name, made)


def _worth_a_file(trials: Sequence[TrialInTraining]) -> list[TrialInTraining]:
    return [trial for trial in trials if trial.seconds >= LEAST_SECONDS]


def _tell(state: SearchState, trial: Paused, end: TrialState, value: float | None = None) -> None:
    """What `Study.tell` does, without the copy that it returns, which takes ten times as long."""
    _tell_with_warning(state.study, trial.handle, value, end)


def _close(
    state: SearchState, trial: TrialInTraining, end: RunState, cause: str | None = None
) -> None:
    """Write how the runs ended and what people see of the trial."""
    _finish_runs(state, trial, end, cause)
    state.keeper.checkpoints.discard_of(trial.number)
    for name, value in trial.user_attributes().items():
        trial.handle.set_user_attr(name, value)


def _finish_runs(
    state: SearchState, trial: TrialInTraining, end: RunState, cause: str | None
) -> None:
    for run_id, run in trial.runs.items():
        state.store.runs.finish(run_id, end, cause or run.cause, run.n_parameters)
