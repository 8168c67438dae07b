"""What one call of a search brings: data, what the study is made of, options, time, memory.

All of it is settled before the study is opened; `SearchSession` carries it out. How much time
training may take follows from what the end will take on a machine as busy as this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property

from automl.data import LoadedData
from automl.executors.choosing import executor_of, trains_in_processes
from automl.executors.devices import device_of_each
from automl.executors.executor import Executor
from automl.executors.resources import available_cores, total_memory
from automl.executors.workers.worker import TrainingSetup
from automl.options.option import options_in, options_of, plain_number
from automl.options.search_options import FreeOptions, PolicyOptions, SearchOptions
from automl.tuning.call_options import CallOptions
from automl.tuning.clock import Clock
from automl.tuning.ending_time import (
    MOST_SHARE,
    REFERENCE_SECONDS,
    ending_seconds,
    reckoned,
)
from automl.tuning.machine_speed import slowness
from automl.tuning.memory import MemoryPlan, plan_memory
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.objective_problem import ObjectiveProblem
from automl.tuning.problem import Problem
from automl.tuning.settings import environment
from automl.tuning.stacking import ready, slots_of
from automl.tuning.stopping import SoFar
from automl.wording.counts import count
from storage.call_records import PolicyRecord
from storage.earlier_records import EarlierStudy
from storage.records import StudySettings
from storage.score_records import is_choice, metric_to_choose_by


@dataclass(frozen=True, eq=False)
class SearchCall:
    """A call of a search, as it was settled before it began."""

    data: LoadedData | None  # None: a person's own objective brings its data itself
    settings: StudySettings
    options: SearchOptions
    clock: Clock  # of the whole call
    busyness: float = 1.0  # seconds that pass for each second of work
    so_far: SoFar | None = None  # of the study, where it is there
    n_slots_before: int = 0  # of its last call, where they were fixed
    earlier: Sequence[EarlierStudy] = ()  # what it learns from, where it is not there yet

    @property
    def study_name(self) -> str:
        """The study's name."""
        return self.settings.study_name

    @cached_property
    def problem(self) -> Problem:
        """What is trained, and on what."""
        return problem_of(self.settings, self.data)

    @property
    def n_ended_before(self) -> int:
        """Trials that had ended before this call."""
        return 0 if self.so_far is None else self.so_far.tally.n_ended

    @property
    def is_complete(self) -> bool:
        """Whether the study has all that is asked for."""
        return self.so_far is not None and self.so_far.is_complete

    @cached_property
    def memory(self) -> MemoryPlan:
        """How many trials train at once: what was asked for or planned, if it fits.

        It is a matter of study and machine alone, so that another call does the same.
        """
        n_slots = self.options.slots or self.n_slots_before
        if self.data is None:
            return MemoryPlan(n_slots, None)  # what a person's own loop takes, nobody knows
        return plan_memory(
            self.problem.space,
            self.data.dataset,
            n_slots=n_slots,
            n_trainers=available_cores(),
            n_bytes=total_memory(),
        )

    @property
    def n_workers(self) -> int:
        """How many train."""
        return len(device_of_each(self.options.workers, (self.options.device,)))

    @property
    def messages(self) -> tuple[str, ...]:
        """What was understood of the data, and the plan."""
        of_data = () if self.data is None else self.data.messages
        return (*of_data, f"{count(self.n_workers, 'worker')}, {self.memory}")

    @cached_property
    def clock_of_training(self) -> Clock:
        """The call's clock without what the end will take; it is moved while trials train."""
        clock = Clock(self.clock.timeout, self.clock.began)
        self.keep_for_end(clock, self.n_ended_before, has_references=False)
        return clock

    def keep_for_end(
        self,
        clock: Clock,
        n_ended: int,
        *,
        has_references: bool,
        busyness: float | None = None,
        for_answer: float = 0.0,
    ) -> None:
        """Let the clock of training leave as much of the call's time as the end will take.

        Args:
            n_ended: trials of the study so far, those that pause too.
            has_references: whether they are fitted already.
            busyness: of the workers of late, for each second of work; None: as at the beginning.
                It says nothing of a machine whose processors are not what they wait for.
            for_answer: seconds that networks of the answer will train, see `retrained.py`.
        """
        if self.clock.timeout is None:
            return
        kept = self.seconds_for_end(n_ended, has_references=has_references, busyness=busyness)
        clock.move(self.clock.timeout - min(kept + for_answer, self._most_for_end))

    def seconds_for_end(
        self,
        n_ended: int,
        *,
        has_references: bool,
        busyness: float | None = None,
        is_trained: bool = False,
    ) -> float:
        """What the end of the call will take.

        Args:
            n_ended, has_references, busyness: as for `keep_for_end`.
            is_trained: whether the runs have ended, and states and weights are kept.
        """
        dataset = self.problem.dataset
        n_slots = slots_of(self.memory.n_slots).in_slots(n_ended)
        n_runs = (n_slots + ready(n_slots)) * max(1, len(dataset.folds))
        metric = self.settings.metric
        is_one = self.data is not None and is_choice(self.options.answer, metric)
        work = ending_seconds(
            dataset,
            n_runs,
            n_ended,
            min(self.options.keep_models, n_ended) if is_one else 0,
            is_trained=is_trained,
            by_metric=metric_to_choose_by(metric) is not None,
            timeout=self.clock.timeout,
        )
        seconds = self._stretch(busyness) * (work + self.clock.afterwards)
        if not has_references:
            seconds += self.seconds_for_references(busyness)
        return seconds

    def seconds_for_references(self, busyness: float | None = None) -> float:
        """What is kept of the end for references that are not fitted yet.

        Args:
            busyness: as for `keep_for_end`.
        """
        return 0.0 if self.data is None else self._stretch(busyness) * REFERENCE_SECONDS

    def _stretch(self, of_workers: float | None) -> float:
        """Seconds that pass here for one of work on the machine that the end was timed on."""
        is_told = self.problem.is_trusted and self.options.device == "cpu"
        if of_workers is None or not is_told:
            return slowness() * self.busyness
        return slowness() * reckoned(of_workers)

    @cached_property
    def _most_for_end(self) -> float:
        return MOST_SHARE * max(0.0, self.clock.seconds_left)

    @property
    def call_options(self) -> CallOptions:
        """How this call searches."""
        chosen = options_in(self.options, PolicyOptions)
        return CallOptions(**chosen, n_slots=self.memory.n_slots)

    def policy_record(self, n_trials_before: int) -> PolicyRecord:
        """How this call searches, as it is kept."""
        options = self.options
        recorded = options_of(FreeOptions).keys() & {field.name for field in fields(PolicyRecord)}
        chosen = {name: getattr(options, name) for name in recorded}
        return PolicyRecord(
            n_trials_before,
            **chosen | asdict(options.deciders),
            n_slots=self.memory.n_slots,
            n_workers=self.n_workers,
            environment=environment(self.trainer, options.device),
        )

    @property
    def arithmetic(self) -> Mapping[str, bool]:
        """What differs from a trainer's defaults; only the plain one has any of it."""
        return {name: True for name in ("amp", "channels_last") if getattr(self.options, name)}

    @property
    def trainer(self) -> str:
        """Who trains."""
        return self.problem.trainer("plain" if self.arithmetic else self.options.trainer)

    def make_executor(self, other: Problem | None = None) -> Executor:
        """What trains; this process where nothing is left to, but a few runs again at most.

        Args:
            other: a problem of which a network is trained beside the search.
        """
        options = self.options
        is_limited = not self.is_complete
        problem = other or self.problem
        setup = TrainingSetup(
            problem.dataset,
            n_workers=1 if self.is_complete or other else options.workers,
            trainer=self.trainer,
            arithmetic=self.arithmetic,
            devices=(options.device,),
            trial_timeout=plain_number(options.trial_timeout) if is_limited else None,
            memory_limit=plain_number(options.memory_limit) if is_limited else None,
            is_preflight=options.preflight,
        )
        if trains_in_processes(setup, problem.engine):  # else a person's own code need not travel
            setup = replace(setup, model=problem.model)
        return executor_of(setup, problem.engine)


def problem_of(settings: StudySettings, data: LoadedData | None) -> Problem:
    """What a study trains, and on what; without data it is a person's own objective."""
    if data is None:
        return ObjectiveProblem(settings)
    return NetworkProblem(settings, data.dataset)
