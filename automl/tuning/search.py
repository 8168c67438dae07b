"""The search loop: ask Optuna for trials, train them, report each epoch, prune, tell.

    fill free slots -> wait for a round -> store -> report all -> judge all -> yield progress

`Search` is the coordinator and the single writer of its study. It iterates over frozen
`SearchProgress`, so a command line, a notebook and a test watch it without callbacks. It
knows neither how a network is trained (`executors/`) nor how a row is stored (`storage/`).
A trial that fails never ends the study; one that is interrupted is adopted by the next call.
How trials begin is in `beginnings.py`, how they end in `endings.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import optuna

from automl.errors import TrainingError
from automl.executors.executor import Executor, RoundResult, RunFailure
from automl.tuning.adoption import adopt_lost_trial
from automl.tuning.beginnings import adopt, begin_again, begin_next, take_begun
from automl.tuning.clock import Clock
from automl.tuning.endings import complete, complete_early, fail, lose, prune, suspend
from automl.tuning.policy import FINISHING_SHARE, SearchPolicy
from automl.tuning.problem import Problem
from automl.tuning.progress import SearchProgress
from automl.tuning.pruners import make_pruner
from automl.tuning.repeated_failure import RepeatedFailure
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.search_state import SearchState
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store
from storage.records import EpochRecord

CHECKPOINT_SECONDS = 60.0
"""A trial's state is saved this often: a killed process loses a minute of each of its trials, and
saving (a few megabytes, some milliseconds) costs nothing that could be noticed."""


class Search:
    """One call of a search on one study. Iterate over it; `stop()` ends it cleanly."""

    def __init__(
        self,
        study: optuna.Study,
        store: Store,
        executor: Executor,
        problem: Problem,
        policy: SearchPolicy,
        clock: Clock | None = None,
    ) -> None:
        settings = problem.settings
        study.sampler = PerTrialSampler(policy.sampler, problem.space, settings.seed, problem.cost)
        study.pruner = make_pruner(policy.pruner, settings.max_epochs)
        self.state = SearchState.of(study, store, executor, problem, policy)
        self._repeated = RepeatedFailure(is_watched=problem.engine is not None)
        self._clock = clock or Clock(None)
        self._clock_of_training = Clock(None)
        self._is_stopped = False

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
                self._fill()
                if not state.trials:
                    break
                yield state.progress(self._clock, self._clock_of_training)
                self._take(state.executor.next_round(self._clock.deadline))
        except GeneratorExit:  # whoever iterates has stopped: between rounds, all is in order
            self._end()
            raise
        self._end()
        if self._repeated.is_enough:
            raise self._repeated.error()
        state.keeper.restore()
        yield state.progress(self._clock, self._clock_of_training)

    def _fill(self) -> None:
        """Begin new trials until all slots are taken or the total is reached."""
        while len(self.state.trials) < self.state.policy.n_slots and self._has_more:
            if not begin_next(self.state):
                return

    def _take(self, result: RoundResult) -> None:
        """Store a round, report all of its trials, then judge each."""
        state = self.state
        advanced = {}
        for began in result.begun:
            take_begun(state, began)
        with state.store.transaction():
            state.store.runs.add_epochs(result.epochs)
            for record in result.epochs:
                if (trial := state.trial_of(record.run_id)) is not None:
                    self._advance(trial, record)
                    advanced[trial.number] = trial
            for trial in advanced.values():
                if not trial.is_diverged:
                    trial.report()
        for failure in result.failures:
            if (trial := state.trial_of(failure.run_id)) is not None:
                self._take_failure(trial, failure)
        for trial in advanced.values():
            if state.trains(trial):
                self._judge(trial)
        self._save_checkpoints(advanced.values())

    def _advance(self, trial: TrialInTraining, record: EpochRecord) -> None:
        self.state.tally.n_epochs += 1
        self._repeated.forgive()
        if trial.runs[record.run_id].advance(record):
            self.state.executor.stop(record.run_id)

    def _take_failure(self, trial: TrialInTraining, failure: RunFailure) -> None:
        """A trial whose worker died is trained again; any other failure ends it."""
        if failure.cause == "lost":
            self._begin_again(trial, failure.message)
        else:
            fail(self.state, trial, failure.cause, failure.message)
        if trial.number not in self.state.trials:
            self._repeated.note(failure)

    def _begin_again(self, trial: TrialInTraining, how: str) -> None:
        lose(self.state, trial)
        begin_again(self.state, adopt_lost_trial(trial), how)

    def _judge(self, trial: TrialInTraining) -> None:
        """Let a trial that has advanced go on, or end it."""
        if trial.is_diverged:
            rate = next(iter(trial.runs.values())).config.training.learning_rate
            last = max(len(run.curve) for run in trial.runs.values())
            message = f"loss not finite in epoch {last}, learning_rate {rate:g}"
            fail(self.state, trial, "diverged", message)
        elif trial.is_ended:
            try:
                complete(self.state, trial)
            except TrainingError as error:  # the worker that held its weights has just died
                self._begin_again(trial, str(error))
        elif trial.is_reported:  # else judged before its adoption
            prune(self.state, trial, trial.handle.should_prune)

    def _save_checkpoints(self, trials: Iterable[TrialInTraining]) -> None:
        """Save, now and then, the state of trials that still train: a killed one loses little."""
        now = time.monotonic()
        for trial in trials:
            if self.state.trains(trial) and now - trial.saved_at > CHECKPOINT_SECONDS:
                self.state.keeper.save_checkpoints(trial, self.state.executor)
                trial.saved_at = now

    def _end(self) -> None:
        """Take the rounds under way; if time is up, the best trial is complete as it is."""
        state = self.state
        result = state.executor.finish_rounds(self._clock.deadline)
        lost = {}  # by trial: one may have lost its runs of several folds
        for failure in result.failures:
            trial = state.trial_of(failure.run_id)
            if trial is not None and failure.cause == "lost":
                seconds = time.monotonic() - trial.began_at
                lost[trial.number] = f"{seconds:.0f} s in training: {failure.message}"
        for number, how in lost.items():
            state.say(f"trial {number}, {how}")
        self._take(result)
        if self._clock.is_up and (best := state.best_in_training) is not None:
            try:
                complete_early(state, best)
            except TrainingError as error:
                self._begin_again(best, str(error))
        for trial in list(state.trials.values()):
            suspend(state, trial)

    # Where the search is

    @property
    def _has_more(self) -> bool:
        is_asked_for_more = self.state.tally.n_asked < self.state.policy.n_trials
        return is_asked_for_more and not self._is_over and not self._must_finish

    @property
    def _must_finish(self) -> bool:
        """Whether the trials in training need what is left of the time, see FINISHING_SHARE."""
        left, timeout = self._clock.seconds_left, self._clock.timeout
        if timeout is None or left >= FINISHING_SHARE * timeout:
            return False
        best = self.state.best_in_training
        return best is not None and left < best.seconds_to_finish

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._clock.is_up or self._repeated.is_enough
