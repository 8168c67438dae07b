"""What a search holds while it runs: the open study, the trials in training, the counts.

The loop (`search.py`), its rounds, beginnings and endings all work on it; nothing else does. A
trial is in `trials` from its start until it is freed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import optuna

from automl.executors.executor import Executor
from automl.training.trainer import Start
from automl.tuning.clock import Clock
from automl.tuning.keeping import Keeper
from automl.tuning.order import VirtualOrder
from automl.tuning.policy import SearchPolicy
from automl.tuning.problem import Problem
from automl.tuning.progress import SearchProgress, estimate_seconds_left
from automl.tuning.pruned_states import PrunedStates
from automl.tuning.pruners import next_judged
from automl.tuning.tally import Tally
from automl.tuning.trial_in_training import TrialInTraining, best_in_training
from automl.tuning.trials_in_training import TrialsInTraining
from storage import Store
from storage.records import BY_MACHINE


@dataclass(slots=True)
class SearchState:
    """The state of one call of a search."""

    study: optuna.Study
    store: Store
    executor: Executor
    problem: Problem
    policy: SearchPolicy
    keeper: Keeper
    pruned_states: PrunedStates
    tally: Tally
    trials: TrialsInTraining
    messages: list[str] = field(default_factory=list)  # what is to be told, and has not been

    @classmethod
    def of(
        cls,
        study: optuna.Study,
        store: Store,
        executor: Executor,
        problem: Problem,
        policy: SearchPolicy,
    ) -> SearchState:
        """A search that has not begun, of a study as it is stored."""
        n_states = 0 if policy.keep_bytes else policy.keep_models
        tally = Tally.of(study)
        return cls(
            study,
            store,
            executor,
            problem,
            policy,
            Keeper(store, problem, policy.keep_models, policy.keep_bytes),
            PrunedStates(store, problem.study_name, n_states),
            tally,
            TrialsInTraining(VirtualOrder(policy.slots, tally.n_ended)),
        )

    def start(self, trials: Sequence[TrialInTraining], starts: Sequence[Start]) -> None:
        """Train trials from now on, up to where each is judged next."""
        limits: dict[int, int] = {}
        for trial in trials:
            trial.limit = next_judged(self.study.pruner, trial.n_reported)
            if trial.limit is not None and not trial.failures:
                limits.update(dict.fromkeys(trial.runs, trial.limit))
            self.trials.add(trial)
        self.executor.start(starts, limits)

    def trains(self, trial: TrialInTraining) -> bool:
        """Whether this attempt trains still: a trial may have ended, or have begun again."""
        return self.trials.get(trial.number) is trial

    @property
    def best_in_training(self) -> TrialInTraining | None:
        """The best trial in training, if it is better than the best completed one."""
        return best_in_training(self.trials.values(), self.tally.best_value)

    def free(self, trial: TrialInTraining) -> None:
        """A trial has ended, or is left to the next call: free what the executor holds of it."""
        self.trials.remove(trial)
        self.executor.free(trial.runs)

    def note_machine(self, trial: TrialInTraining, what: str) -> None:
        """Note that time or memory has decided something in a trial (`BY_MACHINE`)."""
        if not self.tally.has_machine_decided:
            self.tally.has_machine_decided = True
            trial.handle.set_user_attr(BY_MACHINE, what)

    def say(self, message: str) -> None:
        """Tell people something, with the next progress."""
        self.messages.append(message)

    def progress(
        self, clock: Clock, clock_of_training: Clock, epochs: Sequence[tuple[int, int]] = ()
    ) -> SearchProgress:
        """Where the search is: one snapshot, with what is to be told.

        Args:
            epochs: where they are limited, how many this call has had, and how many are left.
        """
        tally, n_trials = self.tally, self.policy.total
        counts = list(epochs)
        if n_trials is not None:
            n_new = tally.n_ended - tally.n_ended_before
            counts.append((n_new, n_trials - tally.n_ended))
        return SearchProgress(
            study_name=self.problem.study_name,
            n_trials=n_trials,
            n_complete=tally.n_complete,
            n_pruned=tally.n_pruned,
            n_failed=tally.n_failed,
            running=self.trials.snapshots,
            best_number=tally.best_number,
            best_value=tally.best_value,
            best_params=tally.best_params,
            n_epochs=tally.n_epochs,
            seconds=clock.seconds,
            seconds_left=estimate_seconds_left(
                counts, seconds=clock_of_training.seconds, limit=clock.seconds_left
            ),
            messages=self._take_messages(),
        )

    def _take_messages(self) -> tuple[str, ...]:
        told = (*self.executor.take_messages(), *self.messages, *self.keeper.new_messages())
        self.messages.clear()
        return told
