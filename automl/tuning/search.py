"""The search loop: fill free places as the policy says, train, report each epoch, judge, tell.

    decide -> take what has been trained -> carry out the rounds that are due -> yield progress

`Search` is the coordinator and the single writer of its study. It iterates over frozen
`SearchProgress`, so a command line, a notebook and a test watch it without callbacks. It
knows neither how a network is trained (`executors/`) nor how a row is stored (`storage/`).
Workers train ahead; what becomes of a trial is decided in the virtual order (`order.py`), round by
round (`rounds.py`). A trial that fails never ends the study; one that is interrupted is adopted by
the next call. How trials begin is in `beginnings.py`, how they end in `endings.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import optuna

from automl.errors import TrainingError
from automl.executors.executor import Executor, RoundResult
from automl.tuning.beginnings import adopt, decide, take_begun
from automl.tuning.call_options import CallOptions
from automl.tuning.clock import Clock, Interval
from automl.tuning.endings import (
    complete_early,
    fail,
    keep_candidates,
    keep_reason,
    let_go,
    suspend,
    tell_paused,
    write_states,
)
from automl.tuning.finishing import begin_to_finish, needs_the_time
from automl.tuning.problem import Problem
from automl.tuning.progress import SearchProgress
from automl.tuning.repeated_failure import RepeatedFailure
from automl.tuning.rounds import WeightsLost, carry_out, failure_at, fetch_weights, train_again
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store
from storage.call_records import StopReason
from storage.records import EpochRecord

CHECKPOINT_SECONDS = 60.0
"""A trial's state is saved this often: a killed process loses a minute of each of its trials, and
saving (a few megabytes, some milliseconds) costs nothing that could be noticed."""

FINISHING_SHARE = 0.4
"""In this last part of a call's time no trial begins while one in training is better than all
completed ones and would not finish at the pace so far: it needs the time. In 60 s with 300 trials
in view, the best loss of letter went from 0.239 to 0.164, of california_housing from 0.329 to
0.273, of adult from 0.314 to 0.316 (one run each)."""
LOOK_SECONDS = 1.0
"""It is looked so often what other coordinators of the study have found: reading the trials that
they have changed takes a millisecond or two, and where nobody has changed any, nothing."""


class Search:
    """One call of a search on one study. Iterate over it; `stop()` ends it cleanly."""

    def __init__(
        self,
        study: optuna.Study,
        store: Store,
        executor: Executor,
        problem: Problem,
        options: CallOptions,
        clock: Clock | None = None,
    ) -> None:
        self.state = SearchState.of(study, store, executor, problem, options)
        self._repeated = RepeatedFailure(
            is_watched=not problem.is_trusted, has_trained=self.state.tally.has_trained
        )
        self._clock = clock or Clock(None)
        self._clock_of_training = Clock(None)
        self._arrived: list[EpochRecord] = []  # and not stored yet
        self._is_stopped = False
        self._has_news = True  # for the policy, since it was asked
        self._states_written_at = time.monotonic()
        self._looks = Interval(LOOK_SECONDS)
        self._is_time_for_best = False  # what is left of it

    def stop(self) -> None:
        """End after the present round; trials in training can be continued later."""
        self._is_stopped = True
        self.state.executor.interrupt()

    def __iter__(self) -> Iterator[SearchProgress]:
        state = self.state
        self._clock_of_training = Clock(None)
        adopt(state)
        try:
            while not self._is_over:
                self._decide()
                self._save_checkpoints()
                if not state.trials:
                    break
                state.decider.policy.prepare()
                yield state.progress(self._clock, self._clock_of_training)
                self._take(state.executor.next_round(self._clock.deadline))
            if not (state.trials or self._is_over):
                state.decider.stopping.note_nothing_left()
            if self._is_decided:
                yield from self._finish_best()
        except GeneratorExit:  # whoever iterates has stopped: between rounds, all is in order
            self._is_stopped = True  # so that nothing more is proposed
            self._end()
            raise
        self._end()
        if self._repeated.is_enough:
            raise self._repeated.error()
        state.keeper.restore()
        state.look_at_others()
        yield state.progress(self._clock, self._clock_of_training)

    def _decide(self) -> None:
        """Fill free places and carry out rounds, as far as their epochs have come."""
        if self._looks.has_passed:
            self.state.look_at_others()
        if not self._is_over and needs_the_time(self.state, self._clock.seconds_left) is not None:
            self._is_time_for_best = True
            self.state.decider.stopping.note_nothing_left()
        while not self._is_decided and self._fill() and self._carry_out():
            pass
        self._store()

    def _fill(self) -> bool:
        """Fill what the order has free; False if it stands still, since the search is over."""
        state, order = self.state, self.state.trials.order
        policy, n_free = state.decider.policy, order.n_wanted
        if n_free < policy.n_at_once and not (n_free and order.has_free_slot):
            return True
        total = state.options.total
        if not policy.pauses and total is not None and state.tally.n_asked >= total:
            return True
        if self._is_over:
            return False
        if not self._must_finish:
            if self._has_news:
                is_late = self._is_late
                if is_late and (training := next(iter(state.trials.values()), None)) is not None:
                    state.note_machine(training, "wait")
                decide(state, n_free, is_time_late=is_late)
            self._has_news = False
        elif (best := state.best_held) is not None:
            state.note_machine(best, "wait")
        return True

    def _carry_out(self) -> bool:
        """Carry out the next round if it is due."""
        state = self.state
        epochs = state.trials.order.next_round()
        if epochs is None:
            return False
        turns = [(state.trials[number], epoch) for number, epoch in epochs.items()]
        turns = turns[: state.decider.stopping.epochs_left]
        try:
            weights = fetch_weights(state, turns)
        except WeightsLost as lost:
            self._train_again(lost.trial, str(lost))
            return False
        state.trials.order.advance({trial.number: epoch for trial, epoch in turns})
        failures = carry_out(state, turns, weights, self._arrived)
        if len(failures) < len(turns):
            self._repeated.forgive()
        for failure in failures:
            self._repeated.note(failure)
        if failures and (said := self._repeated.warning(state.tally)):
            state.say(said)
        self._arrived = []
        self._has_news = True
        return True

    def _train_again(self, trial: TrialInTraining, how: str, *, had_company: bool = False) -> None:
        self._store()  # before its runs end
        train_again(self.state, trial, how, had_company=had_company)

    def _take(self, result: RoundResult) -> None:
        """Take what workers have trained; what it means is decided in the order's rounds."""
        state = self.state
        for began in result.begun:
            take_begun(state, began)
        for run_id, n_bytes in result.held.items():
            if (trial := state.trials.of_run(run_id)) is not None:
                trial.runs[run_id].n_bytes = n_bytes
        touched = {}
        for record in result.epochs:
            if (trial := state.trials.of_run(record.run_id)) is not None:
                self._advance(trial, record)
                self._arrived.append(record)
                touched[trial.number] = trial
        for failure in result.failures:
            if (trial := state.trials.of_run(failure.run_id)) is None:
                if resting := state.trials.paused.lose_run(failure.run_id, state.executor):
                    let_go(state, [resting])
                continue
            if failure.cause == "finished":
                trial.runs[failure.run_id].end = "finished"
                touched[trial.number] = trial
            elif failure.cause == "lost":
                self._train_again(trial, failure.message, had_company=failure.had_company)
            else:
                trial.failures[failure.run_id] = failure
                touched[trial.number] = trial
        for trial in touched.values():
            if state.trains(trial):
                state.trials.look_at(trial)

    def _advance(self, trial: TrialInTraining, record: EpochRecord) -> None:
        self.state.tally.n_epochs += 1
        if trial.runs[record.run_id].advance(record):
            self.state.executor.stop(record.run_id)

    def _store(self) -> None:
        """Keep the epochs that no round has stored: they are in the file within a second."""
        if self._arrived:
            self.state.store.runs.add_epochs(self._arrived)
            self._arrived = []

    def _save_checkpoints(self) -> None:
        """Save, now and then, the state of trials in training: a killed one loses little."""
        now = time.monotonic()
        due = [
            trial
            for trial in self.state.trials.values()
            if now - trial.saved_at > CHECKPOINT_SECONDS and trial.is_begun
        ]
        if due:
            self.state.keeper.checkpoints.save(due, self.state.executor)
        for trial in due:
            trial.saved_at = now
        if now - self._states_written_at > CHECKPOINT_SECONDS:
            write_states(self.state)
            self._states_written_at = now

    def _finish_best(self) -> Iterator[SearchProgress]:
        """Nothing more is decided: the best trial, if unfinished, is complete as it is."""
        state = self.state
        self._store()  # before runs end
        best = state.decider.stopping.standing.best_unfinished(state.tally.best_value)
        trial = begin_to_finish(state, None if best is None else best[0])
        while trial is not None and not trial.is_resting:
            if self._is_cut:
                return
            yield state.progress(self._clock, self._clock_of_training)
            self._take(state.executor.next_round(self._clock.deadline))
            trial = state.trials.get(trial.number)  # its worker may have died
        self._store()
        if trial is None:
            return
        if (failure := failure_at(trial, trial.epoch + 1)) is not None:
            fail(state, trial, failure.cause, failure.message)
        else:
            self._complete_early(trial, "out_of_time" if self._is_time_for_best else "search_over")

    def _end(self) -> None:
        """Take the rounds under way; if time is up, the best trial is complete as it is."""
        state = self.state
        result = state.executor.finish_rounds(self._clock.deadline)
        lost = {}  # by trial: one may have lost its runs of several folds
        for failure in result.failures:
            trial = state.trials.of_run(failure.run_id)
            if trial is not None and failure.cause == "lost":
                seconds = time.monotonic() - trial.began_at
                lost[trial.number] = f"{seconds:.0f} s in training: {failure.message}"
        for number, how in lost.items():
            state.say(f"trial {number}, {how}")
        self._take(result)
        self._decide()
        is_done = not (state.trials or self._is_cut or self._repeated.is_enough)
        is_ended = is_done or self._clock.is_up
        if is_ended and (best := state.best_held) is not None:
            self._complete_early(best, "search_over" if is_done else "out_of_time")
        keep_candidates(state, state.trials.values() if self._is_cut else ())
        if is_ended:
            tell_paused(state)
        reason = self._reason  # with what is in training still
        suspend(state, list(state.trials.values()))
        write_states(state)
        keep_reason(state, reason)

    def _complete_early(self, best: TrialInTraining, cause: str) -> None:
        state = self.state
        try:
            complete_early(state, best, cause)
        except TrainingError as error:
            if state.trains(best):
                self._train_again(best, str(error))

    # Where the search is

    @property
    def _must_finish(self) -> bool:
        """Whether the trials in training need what is left of the time, see FINISHING_SHARE."""
        left, timeout = self._clock.seconds_left, self._clock.timeout
        if self.state.decider.policy.pauses or timeout is None:
            return False  # those that could wait would, and the best pauses where it is
        if left >= FINISHING_SHARE * timeout:
            return False
        best = self.state.best_held
        return best is not None and left < best.seconds_to_finish

    @property
    def _is_late(self) -> bool:
        """Whether the last part of the time has begun, in which the policy decides otherwise."""
        timeout, part = self._clock.timeout, self.state.decider.policy.last_part
        return timeout is not None and self._clock.seconds_left < part * timeout

    @property
    def _is_decided(self) -> bool:
        """Whether the order has ended the search."""
        return self.state.decider.stopping.is_over

    @property
    def _is_cut(self) -> bool:
        """Whether the person or the clock has."""
        return self._is_stopped or self._clock.is_up

    @property
    def _is_over(self) -> bool:
        return self._is_cut or self._is_decided or self._repeated.is_enough

    @property
    def _reason(self) -> StopReason:
        """Why this call has ended."""
        if self._repeated.is_enough:
            return StopReason("repeated_failure", {"message": str(self._repeated.error())})
        return self.state.decider.stopping.reason_of_end(
            self.state.tally,
            is_stopped=self._is_stopped,
            is_time_up=self._clock.is_up or self._is_time_for_best,
            unfinished=self.state.best_unfinished,
        )
