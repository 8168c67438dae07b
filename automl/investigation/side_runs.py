"""Runs beside a study's search: stored as they begin, while they train, and as they end.

    train_beside:  begin -> train_rounds -> add_epochs, finish

Neither the sampler nor the total sees them. Each ends in a state with its cause, whatever
raises. One whose worker died is tried once more, by itself, as a trial of a search is: in a run
of the second attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl.executors.executor import Executor
from automl.executors.resources import available_memory
from automl.tuning.memory import in_waves
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import Kept, is_past, train_rounds
from automl.tuning.problem import Problem
from automl.wording.counts import count
from storage import Store

LOG = logging.getLogger("automl")


def train_beside(
    store: Store,
    problem: Problem,
    executor: Executor,
    planned: Sequence[PlannedRun],
    *,
    keep: Kept | None = None,
    is_over: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
) -> tuple[EndedRun, ...]:
    """Store the runs, train them, store their epochs and how each has ended.

    They train all at once, or in waves where that would take more memory than a search may.

    Args:
        keep: hold these weights of each run.
        is_over: asked after each round; once it is, what is still in training ends as interrupted.
        deadline: a `time.monotonic()` value; then the same, and no epoch begins after it.

    Returns:
        The runs in their order, with the ids they were stored under: of the last attempt. One that
        had not begun when it was over is not stored.
    """
    bench = _Bench(store, problem, executor, keep, is_over, deadline)
    configs = [run.config for run in planned]
    ended: list[EndedRun] = []
    for wave in in_waves(configs, problem.dataset, free_bytes=available_memory()):
        part = [planned[place] for place in wave]
        if bench.is_closed:
            ended += [EndedRun(run, (), "interrupted") for run in part]
        else:
            ended += bench.train(part, attempt=1)
    for place, run in enumerate(ended):
        if run.cause == "lost" and not bench.is_closed:
            # Alone: it shall not take its neighbours with it again.
            (ended[place],) = bench.train([planned[place]], attempt=2)
    return tuple(ended)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where the runs of one call are trained and written down."""

    store: Store
    problem: Problem
    executor: Executor
    keep: Kept | None
    is_over: Callable[[], bool]
    deadline: float | None

    @property
    def is_closed(self) -> bool:
        """Whether a person, or time, wants no more training."""
        return self.is_over() or is_past(self.deadline)

    def train(self, planned: Sequence[PlannedRun], *, attempt: int) -> list[EndedRun]:
        """Train runs to their ends; if something raises, those that are left have failed."""
        begun: list[PlannedRun] = []
        ended: dict[int, EndedRun] = {}
        LOG.info("training %s", count(len(planned), "run"))
        try:
            for run in planned:
                begun.append(self._add(run, attempt))
            rounds = train_rounds(self.executor, begun, keep=self.keep, deadline=self.deadline)
            for each in rounds:
                with self.store.transaction():
                    self.store.runs.add_epochs(each.epochs)
                    for one in each.ended:
                        run_id = one.planned.config.run_id
                        self.store.runs.finish(run_id, one.state, one.cause, one.n_parameters)
                        ended[run_id] = one
                if self.is_over():
                    break
            cut = [run for run in begun if run.config.run_id not in ended]
            if cut:
                self._give_up([run.config.run_id for run in cut], "interrupted")
        except BaseException as error:
            left = [run.config.run_id for run in begun if run.config.run_id not in ended]
            self._give_up(left, "crashed" if isinstance(error, Exception) else "interrupted")
            raise
        interrupted = {run.config.run_id: EndedRun(run, (), "interrupted") for run in cut}
        return [(ended | interrupted)[run.config.run_id] for run in begun]

    def _add(self, run: PlannedRun, attempt: int) -> PlannedRun:
        """Write down that a run begins, with the epochs that it takes over."""
        config = run.config
        record = self.store.runs.begin(
            self.problem.study_name,
            trial_number=config.trial_number,
            purpose=run.purpose,
            seed=config.seed,
            fold=config.fold,
            rows_fraction=run.rows_fraction,
            continues_run_id=run.continues.run_id if run.continues else None,
            attempt=attempt,
            n_parameters=self.problem.n_parameters(config),
            label=run.label,
            params=run.params,
        )
        stored = run.numbered(record.run_id)
        self.store.runs.add_epochs(stored.epochs_before)
        return stored

    def _give_up(self, run_ids: Sequence[int], cause: str) -> None:
        with self.store.transaction():
            for run_id in run_ids:
                self.store.runs.finish(run_id, "failed", cause)
        for run_id in run_ids:
            self.executor.stop(run_id)
            self.executor.forget(run_id)
