"""The rounds of the virtual order: report all of their epochs, then judge each trial by number.

    next_judged -> rest | all epochs of a round have come -> report -> judge -> allow or pause

A round is one transaction, with the epochs that have come since the last one. What a round needs
of the executor, the weights of a trial that is to be kept, is fetched before; what it orders
there follows after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automl.errors import TrainingError
from automl.executors.executor import RunFailure
from automl.tuning.adoption import adopt_lost_trial
from automl.tuning.beginnings import begin_again
from automl.tuning.endings import complete, fail, keep_state, let_go, lose, pause, prune
from automl.tuning.policies.policy import Judgement
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining
from automl.tuning.weight_files import Collected
from storage.records import EpochRecord


class WeightsLost(Exception):
    """The worker that held a trial's weights has died."""

    def __init__(self, trial: TrialInTraining, how: str) -> None:
        super().__init__(how)
        self.trial = trial


Turns = Sequence[tuple[TrialInTraining, int]]  # trials of a round, in order, each with its epoch


def fetch_weights(state: SearchState, turns: Turns) -> Mapping[int, Collected | None]:
    """The weights of the trials that complete in a round, by number, if they may be kept.

    Raises:
        WeightsLost: a worker has just died.
    """
    weights = {}
    for trial, epoch in turns:
        if trial.is_ended_at(epoch) and failure_at(trial, epoch) is None:
            try:
                weights[trial.number] = state.keeper.collect(trial, state.executor)
            except TrainingError as error:
                raise WeightsLost(trial, str(error)) from error
    return weights


def carry_out(
    state: SearchState,
    turns: Turns,
    weights: Mapping[int, Collected | None],
    arrived: Sequence[EpochRecord],
) -> Sequence[RunFailure]:
    """Carry out a round that is due.

    Args:
        weights: what `fetch_weights` gave.
        arrived: epochs that are not stored yet, of whatever trials.

    Returns:
        How trials have failed in it.
    """
    failures = {trial.number: failure_at(trial, epoch) for trial, epoch in turns}
    pruned: list[TrialInTraining] = []
    with state.store.transaction():
        state.store.runs.add_epochs(arrived)
        for trial, epoch in turns:
            if failures[trial.number] is None:
                state.report(trial, epoch)
        for trial, epoch in turns:
            if (failure := failures[trial.number]) is not None:
                fail(state, trial, failure.cause, failure.message)
            elif trial.is_ended_at(epoch):
                complete(state, trial, weights.get(trial.number))
            elif state.decider.is_judged_at(epoch):
                _judge(state, trial, pruned)
        state.decider.end_round()
    for trial in pruned:
        keep_state(state, trial)
    gone = state.trials.paused.make_room(state.executor, state.keeper.checkpoints)
    let_go(state, gone)
    if state.decider.stopping.reason is None:
        _let_go_on(state, turns)
    return [failure for failure in failures.values() if failure is not None]


def _judge(state: SearchState, trial: TrialInTraining, pruned: list[TrialInTraining]) -> None:
    judgement = state.decider.judge(trial.number)
    if judgement is Judgement.END:
        prune(state, trial)
        pruned.append(trial)
    elif judgement is Judgement.PAUSE:
        pause(state, trial)


def train_again(
    state: SearchState, trial: TrialInTraining, how: str, *, had_company: bool = False
) -> None:
    """Begin a trial again whose worker died: with the same numbers, in its place in the order."""
    lose(state, trial)
    begin_again(state, adopt_lost_trial(trial, had_company=had_company), how)


def failure_at(trial: TrialInTraining, epoch: int) -> RunFailure | None:
    """Why a trial ends with this epoch without a value; None where it does not."""
    if trial.is_diverged_at(epoch):
        rate = trial.params.get("learning_rate")
        beside = f", learning_rate {rate:g}" if isinstance(rate, float) else ""
        message = f"loss not finite in epoch {epoch}{beside}"
        return RunFailure(next(iter(trial.runs)), "diverged", message)
    return trial.failure if epoch > trial.epochs_for_order else None


def _let_go_on(state: SearchState, turns: Turns) -> None:
    """Tell workers up to where the trials may train that were judged and have not ended."""
    state.let_train(
        [
            trial
            for trial, epoch in turns
            if state.trains(trial) and trial.limit is not None and epoch >= trial.limit
        ]
    )
