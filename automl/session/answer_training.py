"""Training at the end of a search, for the answers that take some: more seeds, or all rows.

It is planned while the search trains, by what the best trial takes, so that a call with a timeout
keeps time for it (`SearchCall.keep_for_end`). As many sets as fit in that train beside each other;
what time or a person cuts off is left out, and the next call trains it. Why networks are missing
is kept with the call that asked for them.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext

from automl.diagnostics.choice import NO_TIME, OVERTAKEN, STOPPED, training_failed
from automl.errors import ConfigError
from automl.executors.executor import Executor
from automl.investigation.side_runs import train_beside
from automl.options.option import plain_number
from automl.session.call import SearchCall
from automl.tuning.clock import Interval
from automl.tuning.keeping import to_arrays
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.planned_runs import EndedRun, say_failures
from automl.tuning.progress import SearchProgress
from automl.tuning.retrained import (
    RETRAINED,
    PlannedSet,
    earlier_runs,
    missing_sets,
    planned_sets,
    problem_of,
    seconds_of_sets,
)
from automl.tuning.weight_files import WeightFiles
from storage import Store
from storage.errors import ArtifactError
from storage.records import ArtifactRecord, StudyRecords
from storage.score_records import N_SEEDS

LOG = logging.getLogger("automl")

SECONDS_BETWEEN_LOOKS = 2.0
"""While trials train, so often it is read how long the best one took."""


class AnswerTraining:
    """What one call trains for its answer.

    Attributes:
        estimated_seconds: what it will take, by the best trial so far; 0 where nothing is trained.
        seconds_after: what the call will take after it.
        untrained: why networks of the answer are missing, once that was tried.
    """

    def __init__(self, call: SearchCall, store: Store) -> None:
        self.estimated_seconds = 0.0
        self.seconds_after = 0.0
        self.untrained: str | None = None
        self._trial_number: int | None = None  # of which they are missing
        self._call = call
        self._store = store
        self._kind = call.options.answer if call.data is not None else "single"
        self._is_time_to_look = Interval(SECONDS_BETWEEN_LOOKS)
        self._own_executor: Executor | None = None  # of a refit that trains

    @property
    def is_wanted(self) -> bool:
        """Whether the answer that is asked for takes training."""
        return self._kind in RETRAINED

    def follow(
        self, progress: SearchProgress, *, has_references: bool, busyness: float | None
    ) -> None:
        """Estimate, now and then, how long it will take; without a timeout nobody need know.

        Args:
            has_references, busyness: as for `SearchCall.keep_for_end`.
        """
        number = progress.best_number
        is_limited = self.is_wanted and self._call.clock.timeout is not None
        if number is None or not is_limited:
            return
        self.seconds_after = self._call.seconds_for_end(
            progress.n_tried, has_references=has_references, busyness=busyness, is_trained=True
        )
        if not self._is_time_to_look.has_passed:
            return
        records = self._store.adoption.records(self._call.settings, [number])
        n_sets = N_SEEDS if self._kind == "seeds" else 1
        self.estimated_seconds = seconds_of_sets(records, number, self._kind, n_sets)

    def affordable(self, records: StudyRecords) -> list[PlannedSet]:
        """What is missing for the answer, as much of it as there is time for, the first first."""
        best, missing = records.best_trial, self._missing(records)
        found = [
            one
            for n, one in enumerate(missing, start=1)
            if best is not None
            and seconds_of_sets(records, best.number, self._kind, n) <= self._seconds_left
        ]
        self._leave(NO_TIME if len(found) < len(missing) else None, records)
        return found

    def leave(self, records: StudyRecords, why: str) -> None:
        """Train nothing; if anything is missing, that is why."""
        self._leave(why if self._missing(records) else None, records)

    def _leave(self, why: str | None, records: StudyRecords) -> None:
        best = records.best_trial
        self.untrained, self._trial_number = why, None if best is None else best.number

    def note(self) -> None:
        """Keep why networks are missing, and of which trial, or that none is."""
        if self.is_wanted:
            number = None if self.untrained is None else self._trial_number
            self._store.calls.note_untrained(
                self._call.study_name, self._kind, self.untrained, number
            )

    def _missing(self, records: StudyRecords) -> list[PlannedSet]:
        problem = self._call.problem
        if records.best_trial is None or not isinstance(problem, NetworkProblem):
            return []
        return missing_sets(self._store, records, planned_sets(records, problem, self._kind))

    @property
    def _seconds_left(self) -> float:
        return self._call.clock.seconds_left - self.seconds_after

    @property
    def _deadline(self) -> float | None:
        """When its training must be over, as `time.monotonic` counts; None: whenever it is."""
        left = self._seconds_left
        return None if math.isinf(left) else time.monotonic() + left

    def train(
        self,
        records: StudyRecords,
        executor: Executor,
        sets: Sequence[PlannedSet],
        is_stopped: Callable[[], bool],
    ) -> None:
        """Train sets, and keep the weights of those of which no run has failed.

        Args:
            executor: of the search; a refit has one of its own.
            is_stopped: whether a person wants no more of it.
        """
        problem = self._call.problem
        assert isinstance(problem, NetworkProblem), "others hand over their best trial"
        planned = [run for one in sets for run in one]
        try:
            own = problem_of(problem, self._kind)
        except ConfigError as error:
            self.untrained = f"it cannot be trained: {error}"
            LOG.warning("the answer cannot be trained: %s", error)
            return
        is_refit = own is not problem
        with self._own(own) if is_refit else nullcontext(executor) as trains:
            ended = train_beside(
                self._store,
                own,
                trains,
                planned,
                keep="last" if is_refit else "best",
                is_over=is_stopped,
                deadline=self._deadline,
            )
        if failures := say_failures(ended):
            LOG.warning("the answer is made of fewer networks: %s", failures)
            causes = {one.cause for one in ended if not one.is_evidence}
            self.untrained = training_failed(causes) or (STOPPED if is_stopped() else NO_TIME)
        left = iter(ended)
        self._keep(records, own, [(one, [next(left) for _ in one]) for one in sets])

    @contextmanager
    def _own(self, problem: NetworkProblem) -> Iterator[Executor]:
        """An executor of a data set of its own."""
        with closing(self._call.make_executor(problem)) as executor:
            self._own_executor = executor
            try:
                yield executor
            finally:
                self._own_executor = None

    def interrupt(self) -> None:
        """Wait for no round that is under way: a person wants no more of it."""
        if self._own_executor is not None:  # that of the search is interrupted with it
            self._own_executor.interrupt()

    def _keep(
        self,
        records: StudyRecords,
        problem: NetworkProblem,
        trained: Sequence[tuple[PlannedSet, Sequence[EndedRun]]],
    ) -> None:
        """Keep the weights of whole sets, if their trial is the best still.

        Another process may have told a better one meanwhile, or have trained the same sets.
        """
        files = WeightFiles(self._store, problem)
        whole = [
            (one, runs)
            for one, runs in trained
            if all(run.is_evidence and run.weights for run in runs)
        ]
        ended = [run for _, runs in whole for run in runs]
        configs = [run.planned.config for run in ended]
        weights = [to_arrays(run.weights or {}) for run in ended]
        try:
            with files.written_for_answer(configs, weights) as written:
                while not self._is_kept(records, files, [one for one, _ in whole], written):
                    pass  # another process has kept networks since it was read which there are
        except ArtifactError as error:
            self.untrained = f"its networks cannot be kept: {error}"
            LOG.warning("the networks of the answer cannot be kept: %s", error)

    def _is_kept(
        self,
        records: StudyRecords,
        files: WeightFiles,
        sets: Sequence[PlannedSet],
        written: Sequence[ArtifactRecord],
    ) -> bool:
        """Keep what was written of sets that are missing still, in the place of what is left.

        What takes long comes before the transaction, which nobody waits for then; inside it is
        looked whether it holds.

        Returns:
            False where others have changed meanwhile what is kept of answers.
        """
        best, now = records.best_trial, self._store.read_study(records.settings.study_name)
        known = {one.artifact_id for one in now.kept_artifacts("answer_weights")}
        missing = missing_sets(self._store, now, sets)
        earlier = {run_id for one in missing for run_id in earlier_runs(now, one)}
        with self._store.transaction(at_once=True):
            if best is None or files.best_complete != best.number:
                self.untrained, self._trial_number = OVERTAKEN, files.best_complete
                return True
            there = files.of_answers()
            if {one.artifact_id for one in there} != known:
                return False
            for artifact in there:
                if artifact.run_id in earlier:
                    self._store.artifacts.remove(artifact)
            files.keep_for_answer(one for one in written if one.run_id in earlier)
            files.prune(
                max(1, self._call.options.keep_models), plain_number(self._call.options.keep_bytes)
            )
        return True
