"""The search loop: ask Optuna for trials, train them, report each epoch, prune, tell.

    fill free slots -> wait for a round -> store -> report all -> judge all -> yield progress

`Search` is the coordinator and the single writer of its study. It iterates over frozen
`SearchProgress`, so a command line, a notebook and a test watch it without callbacks. It
knows neither how a network is trained (`executors/`) nor how a row is stored (`storage/`).
A trial that fails never ends the study; one that is interrupted is adopted by the next call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import optuna

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.executors.executor import Executor, RoundResult
from automl.models.mlp.network import n_parameters
from automl.training.config import RunConfig, configure
from automl.training.ending import ending
from automl.training.trainer import Checkpoint
from automl.tuning.adoption import AdoptedTrial, adopt_dead_trials, adopt_lost_trial
from automl.tuning.clock import Clock
from automl.tuning.keeping import Keeper
from automl.tuning.policy import FINISHING_SHARE, SearchPolicy
from automl.tuning.preflight import look_before_training
from automl.tuning.progress import SearchProgress, estimate_seconds_left
from automl.tuning.pruned_states import PrunedStates
from automl.tuning.pruners import make_pruner
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.seeds import derive_seed
from automl.tuning.tally import Tally
from automl.tuning.trial_in_training import TrialInTraining, best_in_training
from search_spaces import SearchSpace
from storage import Store
from storage.adoption import LOST_ATTEMPTS_LIMIT
from storage.errors import StudyIsFull
from storage.records import EpochRecord, ParameterValue, RunState, StudySettings

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
        dataset: Dataset,
        settings: StudySettings,
        policy: SearchPolicy,
        clock: Clock | None = None,
    ) -> None:
        self.study = study
        self.store = store
        self.executor = executor
        self.dataset = dataset
        self.settings = settings
        self.policy = policy
        self.space = SearchSpace.from_dict(settings.space)
        self.keeper = Keeper(
            store, settings.study_name, dataset, policy.keep_models, policy.keep_bytes
        )
        self.pruned_states = PrunedStates(
            store, settings.study_name, 0 if policy.keep_bytes else policy.keep_models
        )
        study.sampler = PerTrialSampler(policy.sampler, self.space, settings.seed)
        study.pruner = make_pruner(policy.pruner, settings.max_epochs)
        self._training: dict[int, TrialInTraining] = {}  # by trial number
        self._handles: dict[int, optuna.trial.Trial] = {}  # by trial number
        self._tally = Tally.of(study)
        self._messages: list[str] = []
        self._stopping = False
        self._clock = clock or Clock(None)
        self._began = self._clock.began  # of the training, once it has

    def stop(self) -> None:
        """End after the present round; trials in training can be continued later."""
        self._stopping = True
        self.executor.interrupt()

    def __iter__(self) -> Iterator[SearchProgress]:
        self._began = time.monotonic()
        self._adopt_dead_trials()
        try:
            while not self._is_over:
                self._fill()
                if not self._training:
                    break
                yield self._progress()
                self._take(self.executor.next_round(self._clock.deadline))
        except GeneratorExit:  # whoever iterates has stopped: between rounds, all is in order
            self._suspend()
            raise
        self._suspend()
        self.keeper.restore()
        yield self._progress()

    # Beginning trials

    def _adopt_dead_trials(self) -> None:
        """Go on with the trials of processes that died or were stopped."""
        for adopted in adopt_dead_trials(self.study, self.store):
            self._begin_again(adopted)

    def _begin_again(self, adopted: AdoptedTrial) -> None:
        """Train an adopted trial from its checkpoints, or from the start: the same curve."""
        self._handles[adopted.number] = adopted.handle
        params = self.space.suggest(adopted.handle)  # a trial opened again draws nothing
        trial = self._plan(adopted.number, params, attempt=adopted.n_attempts + 1)
        trial.n_reported, trial.n_lost = adopted.n_reported, adopted.n_lost
        if adopted.n_lost >= LOST_ATTEMPTS_LIMIT:
            self._fail(trial, "lost", f"its process died {adopted.n_lost} times")
            return
        self._say(f"trial {trial.number} goes on (attempt {trial.attempt})")
        self._start(trial, self.keeper.continuations(trial, adopted))

    def _fill(self) -> None:
        """Ask for new trials until all slots are taken or the total is reached."""
        while len(self._training) < self.policy.n_slots and self._has_more:
            trial = self._ask()
            if trial is None:
                return
            if self.policy.preflight and self._is_hopeless(trial):
                continue
            self._start(trial, list(trial.runs.values()))

    def _ask(self) -> TrialInTraining | None:
        """Ask the sampler for one more trial; None if other processes have asked for the last."""
        with self.store.transaction():
            try:
                with self.store.optuna_storage.trials.at_most(self.policy.n_trials):
                    handle = self.study.ask()
            except StudyIsFull:
                self._tally.n_asked = self.policy.n_trials
                return None
            self._handles[handle.number] = handle
            self._tally.n_asked = handle.number + 1
            return self._plan(handle.number, self.space.suggest(handle), attempt=1)

    def _plan(
        self, number: int, params: Mapping[str, ParameterValue], *, attempt: int
    ) -> TrialInTraining:
        """One run per fold, written down before they start."""
        model, training = configure(
            params, max_epochs=self.settings.max_epochs, patience=self.settings.patience
        )
        runs, size = {}, n_parameters(model, self.dataset)
        for fold in range(len(self.dataset.folds)):
            seed = derive_seed(self.settings.seed, number, "search", fold)
            record = self.store.add_run(
                self.settings.study_name,
                trial_number=number,
                purpose="search",
                seed=seed,
                fold=fold,
                attempt=attempt,
                n_parameters=size,
            )
            runs[record.run_id] = RunConfig(record.run_id, number, model, training, seed, fold)
        return TrialInTraining(number, params, runs, attempt=attempt, n_parameters=size)

    def _is_hopeless(self, trial: TrialInTraining) -> bool:
        """Look at one batch before the first epoch; a trial without signal has failed."""
        run_id, run = next(iter(trial.runs.items()))
        layers, failure = look_before_training(run, self.dataset)
        if layers:
            self.store.add_initial_layers(run_id, layers)
        if failure is not None:
            self._fail(trial, failure.cause, failure.message)
        return failure is not None

    def _start(self, trial: TrialInTraining, starts: list[RunConfig | Checkpoint]) -> None:
        self._training[trial.number] = trial
        self.executor.start(starts)

    # Taking results

    def _take(self, result: RoundResult) -> None:
        """Store a round, report all of its trials, then judge each."""
        advanced = {}
        with self.store.transaction():
            self.store.add_epochs(result.epochs)
            for record in result.epochs:
                trial = self._trial_of(record.run_id)
                if trial is not None:
                    self._take_epoch(trial, record)
                    advanced[trial.number] = trial
            for trial in advanced.values():
                self._report(trial)
        for failure in result.failures:
            trial = self._trial_of(failure.run_id)
            if trial is not None:
                self._take_failure(trial, failure.cause, failure.message)
        for trial in advanced.values():
            if self._trains(trial):
                self._judge(trial)
        self._save_checkpoints(advanced.values())

    def _trains(self, trial: TrialInTraining) -> bool:
        """Whether this attempt trains still: a trial may have ended, or have begun again."""
        return self._training.get(trial.number) is trial

    def _trial_of(self, run_id: int) -> TrialInTraining | None:
        """The trial in training that a run belongs to; None where it has just ended."""
        trials = self._training.values()
        return next((trial for trial in trials if run_id in trial.runs), None)

    def _take_epoch(self, trial: TrialInTraining, record: EpochRecord) -> None:
        trial.take(record)
        self._tally.n_epochs += 1
        run = trial.runs[record.run_id]
        end = ending(trial.curves[record.run_id], run.training)
        if end is None:
            return
        trial.end_run(record.run_id, end)
        self.executor.stop(record.run_id)

    def _report(self, trial: TrialInTraining) -> None:
        """Tell the pruner the epochs that all runs of the trial have finished."""
        if trial.is_diverged:
            return
        for epoch in range(trial.n_reported + 1, trial.epoch + 1):
            self._handles[trial.number].report(trial.value_at(epoch), epoch)
        trial.n_reported = max(trial.n_reported, trial.epoch)

    def _judge(self, trial: TrialInTraining) -> None:
        if trial.is_diverged:
            rate = trial.params.get("learning_rate")
            last = max(len(curve) for curve in trial.curves.values())
            self._fail(trial, "diverged", f"loss not finite in epoch {last}, learning_rate {rate}")
        elif trial.is_ended:
            self._complete(trial)
        elif trial.epoch and trial.epoch == trial.n_reported:  # else judged before its adoption
            self._prune(trial, self._handles[trial.number].should_prune)

    def _take_failure(self, trial: TrialInTraining, cause: str, message: str) -> None:
        """A trial whose worker died is trained again; any other failure ends it."""
        if cause != "lost":
            self._fail(trial, cause, message)
            return
        self._free(trial)
        for run_id in trial.runs:
            self.store.finish_run(run_id, "failed", "lost")
        self._begin_again(adopt_lost_trial(trial, self._handles[trial.number]))

    def _save_checkpoints(self, trials: Iterable[TrialInTraining]) -> None:
        """Save, now and then, the state of trials that still train: a killed one loses little."""
        now = time.monotonic()
        for trial in trials:
            if self._trains(trial) and now - trial.saved_at > CHECKPOINT_SECONDS:
                self.keeper.save_checkpoints(trial, self.executor)
                trial.saved_at = now

    # Ending trials: in one transaction each, so that a kill leaves a trial ended or in training

    def _complete(self, trial: TrialInTraining) -> None:
        """Tell the value, and keep the weights if they are among the best."""
        try:
            weights = self.keeper.collect(trial, self.executor)
        except TrainingError as error:  # the worker that held them has just died
            self._take_failure(trial, "lost", str(error))
            return
        with self.store.transaction():
            self.keeper.save(weights)
            self.study.tell(self._close(trial, "complete"), trial.value)
            self.keeper.prune()
        self._free(trial)
        if self._tally.count_complete(trial):
            self._say(f"trial {trial.number} is the best so far: {trial.value:.4g}")

    def _prune(
        self, trial: TrialInTraining, is_advised: Callable[[], bool] = lambda: True
    ) -> None:
        """End a trial if the pruner says so; its note and what follows: both or none."""
        with self.store.transaction():
            if not is_advised():
                return
            self.study.tell(self._close(trial, "pruned"), state=optuna.trial.TrialState.PRUNED)
        self._tally.n_pruned += 1
        if trouble := self.pruned_states.keep(trial, self.executor):
            self._say(trouble)
        self._free(trial)

    def _fail(self, trial: TrialInTraining, cause: str, message: str) -> None:
        """Rank the trial behind every feasible one, keep the cause, go on (invariant 9)."""
        with self.store.transaction():
            handle = self._close(trial, "failed", cause)
            handle.set_user_attr("cause", cause)
            handle.set_user_attr("cause_message", message)
            handle.set_constraint("failed", 1.0)
            self.study.tell(handle, state=optuna.trial.TrialState.PRUNED)
        self._free(trial)
        self._tally.n_failed += 1
        self._say(f"trial {trial.number} failed: {message}")

    def _close(
        self, trial: TrialInTraining, state: RunState, cause: str | None = None
    ) -> optuna.trial.Trial:
        """Write how the runs ended and what people see of the trial."""
        for run_id in trial.runs:
            self.store.finish_run(run_id, state, cause or trial.cause_of(run_id))
        self.keeper.discard_checkpoints(trial.number)
        handle = self._handles.pop(trial.number)
        for name, value in trial.user_attributes().items():
            handle.set_user_attr(name, value)
        return handle

    def _free(self, trial: TrialInTraining) -> None:
        """Free the slot, and what the executor holds of the runs."""
        if self._training.pop(trial.number, None) is None:
            return  # it has never started
        for run_id in trial.runs:
            if run_id in self.executor.active:
                self.executor.stop(run_id)
            self.executor.forget(run_id)

    def _suspend(self) -> None:
        """Leave the trials in training so that the next call goes on with them."""
        self._take(self.executor.finish_rounds(self._clock.deadline))
        if self._clock.is_up and (best := self._best_in_training) is not None:
            self._complete_early(best)
        for trial in list(self._training.values()):
            self.keeper.save_checkpoints(trial, self.executor)
            for run_id in trial.runs:
                self.store.finish_run(run_id, "failed", "interrupted")
            self._free(trial)

    @property
    def _best_in_training(self) -> TrialInTraining | None:
        return best_in_training(self._training.values(), self._tally.best_value)

    def _complete_early(self, trial: TrialInTraining) -> None:
        """End a trial as it is when time is up: people are owed the best that was found."""
        self._say(f"time is up: trial {trial.number}, the best, ends with epoch {trial.epoch}")
        for run_id in trial.runs.keys() - trial.ends.keys():
            trial.end_run(run_id, "out_of_time")
            self.executor.stop(run_id)
        self._complete(trial)

    # Where the search is

    @property
    def _has_more(self) -> bool:
        is_asked_for_more = self._tally.n_asked < self.policy.n_trials
        return is_asked_for_more and not self._is_over and not self._must_finish

    @property
    def _must_finish(self) -> bool:
        """Whether the trials in training need what is left of the time, see FINISHING_SHARE."""
        left, timeout = self._clock.seconds_left, self._clock.timeout
        if timeout is None or left >= FINISHING_SHARE * timeout:
            return False
        best = self._best_in_training
        return best is not None and left < best.seconds_for(self.settings.max_epochs - best.epoch)

    @property
    def _is_over(self) -> bool:
        return self._stopping or self._clock.is_up

    def _say(self, message: str) -> None:
        self._messages.append(message)

    def _progress(self) -> SearchProgress:
        tally = self._tally
        messages = (
            *self.executor.take_messages(),
            *self._messages,
            *self.keeper.new_messages(),
        )
        self._messages = []
        return SearchProgress(
            study_name=self.settings.study_name,
            n_trials=self.policy.n_trials,
            n_complete=tally.n_complete,
            n_pruned=tally.n_pruned,
            n_failed=tally.n_failed,
            running=tuple(
                trial.snapshot(self.settings.max_epochs) for trial in self._training.values()
            ),
            best_number=tally.best_number,
            best_value=tally.best_value,
            best_params=tally.best_params,
            n_epochs=tally.n_epochs,
            seconds=self._clock.seconds,
            seconds_left=estimate_seconds_left(
                n_ended=tally.n_ended - tally.n_ended_before,
                n_left=max(self.policy.n_trials - tally.n_ended, 0),
                seconds=time.monotonic() - self._began,
                limit=self._clock.seconds_left,
            ),
            messages=messages,
        )
