"""What a search holds while it runs: the open study, the trials in training, the counts.

The loop (`search.py`), its rounds, beginnings and endings all work on it; nothing else does. A
trial is in `trials` from its start until it is freed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from types import MappingProxyType
from typing import Final

import optuna

from automl.executors.executor import Executor
from automl.options.option import plain_number
from automl.training.trainer import Start
from automl.tuning.call_options import CallOptions
from automl.tuning.clock import Clock
from automl.tuning.decider import Decider
from automl.tuning.earlier import earlier_in
from automl.tuning.keeping import Keeper
from automl.tuning.order import VirtualOrder
from automl.tuning.paused_trials import Paused, PausedTrials
from automl.tuning.problem import Problem
from automl.tuning.progress import SearchProgress, estimate_time_left
from automl.tuning.study_view import TURN, n_continued
from automl.tuning.tally import BestTrial, Tally
from automl.tuning.trial_in_training import TrialInTraining, can_be_complete, losses_ahead
from automl.tuning.trials_in_training import TrialsInTraining
from storage import Store
from storage.records import BY_MACHINE, PAUSED
from storage.score_records import is_choice

NONE_IN_TRAINING: Final[Mapping[int, TrialInTraining]] = MappingProxyType({})

CANDIDATE_STATES = frozenset({"complete", "paused", "pruned"})


@dataclass(slots=True)
class SearchState:
    """The state of one call of a search."""

    study: optuna.Study
    store: Store
    executor: Executor
    problem: Problem
    options: CallOptions
    keeper: Keeper
    tally: Tally
    trials: TrialsInTraining
    decider: Decider
    messages: list[str] = field(default_factory=list)  # what is to be told, and has not been

    @classmethod
    def of(
        cls,
        study: optuna.Study,
        store: Store,
        executor: Executor,
        problem: Problem,
        options: CallOptions,
    ) -> SearchState:
        """A search that has not begun, of a study as it is stored."""
        problem = problem.widened(store.widenings.read(problem.study_name))
        _, seen_changes = store.optuna_storage.get_trials_changed_since(study._study_id, 0)
        tally = Tally.of(study)
        tally.seen_changes = seen_changes  # what others change from now on is looked at
        trials = study.get_trials(deepcopy=False)
        return cls(
            study,
            store,
            executor,
            problem,
            options,
            Keeper(
                store,
                problem,
                options.keep_models,
                plain_number(options.keep_bytes),
                is_choice=is_choice(options.answer, problem.settings.metric),
            ),
            tally,
            TrialsInTraining(
                VirtualOrder(options.slots, tally.n_settled), PausedTrials(n_continued(trials))
            ),
            _decider(study, store, problem, options),
        )

    def start(self, trials: Sequence[TrialInTraining], starts: Sequence[Start]) -> None:
        """Train trials from now on, up to where each is judged next.

        Where the search is over, no further than to where one has come, if it was judged there.
        """
        limits: dict[int, int] = {}
        is_over = self.decider.stopping.is_over
        for trial in trials:
            since = trial.n_reported - 1 if is_over and trial.n_reported else trial.n_reported
            trial.limit = self._limit(since)
            if trial.limit is not None and not trial.failures:
                limits.update(dict.fromkeys(trial.runs, trial.limit))
            self.trials.add(trial)
        self.executor.start(starts, limits)

    def search_in(self, problem: Problem) -> None:
        """Go on in another space, as a call would that begins now."""
        before = self.decider.stopping.before
        self.problem = problem
        self.decider = _decider(self.study, self.store, problem, self.options)
        self.decider.stopping.before = before  # it is the same call still
        for number in self.trials.paused:
            self.decider.change(number, "paused")

    def look_at_others(self) -> None:
        """Take over what other coordinators have done meanwhile, or a person has."""
        tally, storage = self.tally, self.store.optuna_storage
        found, tally.seen_changes = storage.get_trials_changed_since(
            self.study._study_id, tally.seen_changes
        )
        own = {*self.trials, *self.trials.paused} if found else set()
        if news := [trial for trial in found if trial.number not in own]:
            self.decider.take_over(news)
            tally.take_over(news)

    def let_train(self, trials: Sequence[TrialInTraining]) -> None:
        """Let trials whose runs rest train on, up to where each is judged next."""
        limits: dict[int, int] = {}
        for trial in trials:
            trial.limit = self._limit(trial.n_reported)
            last = trial.max_epochs if trial.limit is None else trial.limit
            limits.update(dict.fromkeys(trial.runs, last))
        if limits:
            self.executor.allow(limits)

    def _limit(self, epoch: int) -> int | None:
        judged = self.decider.policy.next_judged(epoch)
        return self.decider.stopping.limit(epoch, judged, self.trials.order.n_slots)

    def report(self, trial: TrialInTraining, epoch: int) -> None:
        """A round has had an epoch of a trial, if it has that one."""
        if trial.n_reported < epoch <= trial.epoch:
            trial.report(epoch)
            self.decider.report(trial.number, trial.value_at(epoch))

    def take_up(self, number: int) -> Paused:
        """Let a trial that pauses have its next turn; its `Turn` is stored."""
        trials = self.trials
        trial = trials.paused.take(number)
        trials.paused.n_continued += 1
        turn = self.tally.n_asked - 1, trials.paused.n_continued
        trial.handle.set_user_attr(PAUSED, None)
        trial.handle.storage.set_trial_system_attr(trial.handle._trial_id, TURN, turn)
        trials.order.come_back(number, trial.n_reported, turn)
        self.decider.change(number, "training")
        self.tally.note(number, "training")
        if isinstance(trial, TrialInTraining):
            trials.add(trial)
        return trial

    def trains(self, trial: TrialInTraining) -> bool:
        """Whether this attempt trains still: a trial may have ended, or have begun again."""
        return self.trials.get(trial.number) is trial

    def candidates(
        self, training: Mapping[int, TrialInTraining] = NONE_IN_TRAINING
    ) -> frozenset[int]:
        """The trials that the answer may be made of, as far as is known by now, by number.

        Args:
            training: trials that count as they are.
        """
        n, standing = self.keeper.n_candidates, self.decider.stopping.standing
        if not n:
            return frozenset()
        trials = self.decider.view.trials.values()
        values = {
            one.number: standing.of(one.number) for one in trials if one.state in CANDIDATE_STATES
        }
        values |= {number: trial.value for number, trial in training.items()}
        return frozenset(nsmallest(n, values, key=lambda number: (values[number], number)))

    @property
    def best_unfinished(self) -> tuple[int, float] | None:
        """The best trial in training here or paused, and its loss.

        None where a complete one is as good.
        """
        trials, standing = self.decider.view.trials, self.decider.stopping.standing
        found: dict[int, Sequence[float]] = {
            number: () for number in standing.ahead if trials[number].state == "paused"
        }
        found |= {number: losses_ahead(trial) for number, trial in self.trials.items()}
        return standing.best_unfinished(self.tally.best_value, found)

    @property
    def best_held(self) -> TrialInTraining | None:
        """The best of those whose runs are held, so that it can be complete as it is."""
        held = {trial.number: trial for trial in (*self.trials.values(), *self.trials.paused.held)}
        ahead = {n: losses_ahead(trial) for n, trial in held.items() if can_be_complete(trial)}
        best = self.decider.stopping.standing.best_unfinished(self.tally.best_value, ahead)
        return None if best is None else held[best[0]]

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

    def progress(self, clock: Clock, clock_of_training: Clock) -> SearchProgress:
        """Where the search is: one snapshot, with what is to be told."""
        tally, n_trials = self.tally, self.options.total
        stopping = self.decider.stopping
        best = tally.best
        if self.decider.policy.pauses and (unfinished := self.best_unfinished):
            best = BestTrial(*unfinished, self.decider.view.trials[unfinished[0]].params)
        return SearchProgress(
            study_name=self.problem.study_name,
            n_trials=n_trials,
            n_complete=tally.n_complete,
            n_pruned=tally.n_pruned,
            n_failed=tally.n_failed,
            n_refused=tally.n_refused,
            n_paused=tally.n_paused,
            n_tried=stopping.n_tried,
            pauses=self.decider.policy.pauses,
            running=self.trials.snapshots,
            best_number=best.number if best else None,
            best_value=best.value if best else None,
            best_params=best.params if best else {},
            n_epochs=tally.n_epochs,
            seconds=clock.seconds,
            time_left=estimate_time_left(
                self._counts_to_the_end(),
                seconds=clock_of_training.seconds,
                limit=clock.seconds_left,
            ),
            messages=self._take_messages(),
        )

    def _counts_to_the_end(self) -> list[tuple[int, int]]:
        """What the search ends with. Where trials pause, not with the last one to be tried."""
        stopping = self.decider.stopping
        if self.decider.policy.pauses:
            return stopping.epoch_counts
        return stopping.epoch_counts + stopping.trial_counts

    def _take_messages(self) -> tuple[str, ...]:
        told = (*self.executor.take_messages(), *self.messages, *self.keeper.new_messages())
        self.messages.clear()
        return told


def _decider(study: optuna.Study, store: Store, problem: Problem, options: CallOptions) -> Decider:
    earlier = store.earlier.read(problem.study_name)
    believed = store.beliefs.last(problem.study_name, options.deciders.policy)
    return Decider(study, problem, options, earlier_in(problem.space, earlier), believed)
