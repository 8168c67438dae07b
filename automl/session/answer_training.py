"""Training at the end of a search, for the answers that take some: more seeds, or all rows.

It is planned while the search trains, by what the best trial takes, so that a call with a timeout
keeps time for it (`SearchCall.keep_for_end`). As many sets as fit in that train beside each other;
what time or a person cuts off is left out, and the next call trains it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext

from automl.errors import ConfigError
from automl.executors.executor import Executor
from automl.investigation.side_runs import train_beside
from automl.session.call import SearchCall
from automl.tuning.clock import Interval
from automl.tuning.keeping import to_arrays
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.planned_runs import EndedRun, say_failures
from automl.tuning.progress import SearchProgress
from automl.tuning.retrained import (
    N_SEEDS,
    RETRAINED,
    PlannedSet,
    missing_sets,
    planned_sets,
    problem_of,
    seconds_of_sets,
)
from storage import Store
from storage.errors import ArtifactError
from storage.records import StudyRecords

LOG = logging.getLogger("automl")

SECONDS_BETWEEN_LOOKS = 2.0
"""While trials train, so often it is read how long the best one took."""


class AnswerTraining:
    """What one call trains for its answer.

    Attributes:
        estimated_seconds: what it will take, by the best trial so far; 0 where nothing is trained.
        seconds_after: what the call will take after it.
    """

    def __init__(self, call: SearchCall, store: Store) -> None:
        self.estimated_seconds = 0.0
        self.seconds_after = 0.0
        self._call = call
        self._store = store
        self._kind = call.options.answer if call.data is not None else "single"
        self._is_time_to_look = Interval(SECONDS_BETWEEN_LOOKS)

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
        best, problem = records.best_trial, self._call.problem
        if best is None or not isinstance(problem, NetworkProblem):
            return []
        missing = missing_sets(self._store, records, planned_sets(records, problem, self._kind))
        return [
            one
            for n, one in enumerate(missing, start=1)
            if seconds_of_sets(records, best.number, self._kind, n) <= self._seconds_left
        ]

    @property
    def _seconds_left(self) -> float:
        return self._call.clock.seconds_left - self.seconds_after

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
            LOG.warning("the answer cannot be trained: %s", error)
            return
        is_refit = own is not problem
        with (
            closing(self._call.make_executor(own)) if is_refit else nullcontext(executor) as trains
        ):
            ended = train_beside(
                self._store,
                own,
                trains,
                planned,
                keep="last" if is_refit else "best",
                is_over=lambda: is_stopped() or self._seconds_left <= 0,
            )
        if failures := say_failures(ended):
            LOG.warning("the answer is made of fewer networks: %s", failures)
        left = iter(ended)
        self._keep(records, own, [[next(left) for _ in one] for one in sets])

    def _keep(
        self, records: StudyRecords, problem: NetworkProblem, sets: Sequence[Sequence[EndedRun]]
    ) -> None:
        """Keep the weights of whole sets, in the place of those of trials that were the best."""
        name, best = records.settings.study_name, records.best_trial
        whole = [one for one in sets if all(run.is_evidence and run.weights for run in one)]
        try:
            with self._store.transaction():
                for artifact in self._store.artifacts.list(name):
                    is_another = best is None or artifact.trial_number != best.number
                    if artifact.kind == "answer_weights" and is_another:
                        self._store.artifacts.remove(artifact)
                for run in (run for one in whole for run in one):
                    config = run.planned.config
                    self._store.artifacts.save_weights(
                        name,
                        config.trial_number,
                        config.run_id,
                        to_arrays(run.weights or {}),
                        problem.details(config),
                        "answer_weights",
                    )
        except ArtifactError as error:
            LOG.warning("the networks of the answer cannot be kept: %s", error)
