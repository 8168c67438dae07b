"""What the virtual order costs: the same search, judged in it and judged as results come.

    python -m benchmarks.order [--trials 200] [--workers 2] [--seeds 3] [--data sklearn:digits]

A real search (sampler, pruner, database, coordinator) on workers whose time is counted and does
not pass: an epoch takes what its trainer estimates, its loss is a made curve. So a busy machine
does not matter. The sampler is `random` unless another is named, so that both draw the same
trials. As they come is the same search with another rule: whatever has come is judged at once,
and what has ended is replaced at once. Idle is the share of the workers' time in which nothing
may train. What the coordinator needs of a processor for a trial is real.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import optuna
from torch import Tensor

import search_spaces
from automl.data import SplitOptions, load_dataset
from automl.data.loaded import LoadedData
from automl.errors import TrainingError
from automl.executors.executor import NO_LIMITS, Executor, RoundResult
from automl.executors.trainers import trainer_class
from automl.options.search_options import SearchOptions
from automl.training.config import RunConfig
from automl.training.ending import ending
from automl.training.trainer import Checkpoint, Start, run_of
from automl.tuning.call_options import CallOptions
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.order import VirtualOrder
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from storage import open_store
from storage.records import EpochRecord


class AsTheyCome(VirtualOrder):
    """No order: what has come is judged at once, and what has ended is replaced at once."""

    @property
    def n_wanted(self) -> int:
        """All that train are in slots."""
        return max(0, self._n_unfinished_at_most - len(self._places))

    @property
    def _n_unfinished_at_most(self) -> int:
        return self.n_slots + self._slots.ready(self.n_slots)

    def next_round(self) -> Mapping[int, int] | None:
        """The next epochs of all trials of which one has come."""
        due = [number for number in self._places if self._places[number].is_due]
        return {number: self._places[number].n_done + 1 for number in due} or None


@dataclass(slots=True)
class _Run:
    """A run of a simulated worker."""

    config: RunConfig
    seconds: float  # of an epoch
    level: float  # where its loss goes
    limit: float
    curve: list[EpochRecord] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        return len(self.curve) < self.limit and ending(self.curve, self.config.training) is None

    def train(self) -> EpochRecord:
        epoch = len(self.curve) + 1
        noise = random.Random(self.config.trial_number * 1000 + epoch).uniform(-0.02, 0.02)
        loss = self.level + 0.5 / epoch + noise
        numbers = (loss, loss, 0.01, 0.1, 0.1, 0.01, 1.0, self.seconds)
        record = EpochRecord(self.config.run_id, epoch, epoch, *numbers)
        self.curve.append(record)
        return record


class Simulated(Executor):
    """Workers that train run by run, in rounds of all that is due, and wait for nobody."""

    def __init__(self, problem: NetworkProblem, n_workers: int) -> None:
        self.seconds = 0.0  # passed so far
        self.idle_seconds = 0.0  # of all workers
        self._dataset = problem.dataset
        self._trainer = trainer_class(problem.trainer("stacked"))
        self._runs: list[dict[int, _Run]] = [{} for _ in range(n_workers)]
        self._waiting: dict[int, _Run] = {}
        self._idle_since: dict[int, float] = dict.fromkeys(range(n_workers), 0.0)
        self._rounds: list[tuple[float, int, tuple[EpochRecord, ...]]] = []

    @property
    def active(self) -> tuple[int, ...]:
        """Runs that have not been stopped."""
        return tuple(itertools.chain(*self._runs, self._waiting))

    def start(self, starts: Sequence[Start], limits: Mapping[int, int] = NO_LIMITS) -> None:
        """Let runs wait for the next worker that begins a round."""
        for start in starts:
            run = run_of(start)
            cost = self._trainer.cost(run, self._dataset)
            distance = abs(math.log10(run.training.learning_rate) + 2.5)
            level = 0.2 * distance + random.Random(run.trial_number).uniform(0.0, 0.3)
            limit = limits.get(run.run_id, math.inf)
            self._waiting[run.run_id] = _Run(run, cost.shared + cost.own, level, limit)
        self._begin_rounds()

    def allow(self, limits: Mapping[int, int]) -> None:
        """Raise limits; an idle worker begins a round at once."""
        for runs in (*self._runs, self._waiting):
            for run_id in runs.keys() & limits.keys():
                runs[run_id].limit = limits[run_id]
        self._begin_rounds()

    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Pass the time until the next round ends."""
        self._begin_rounds()
        if not self._rounds:
            return RoundResult()
        self.seconds, worker, epochs = heapq.heappop(self._rounds)
        self._idle_since[worker] = self.seconds
        wanted = self._runs[worker]
        self._begin_rounds()  # it does not wait for what the coordinator makes of its result
        return RoundResult(tuple(epoch for epoch in epochs if epoch.run_id in wanted))

    def _begin_rounds(self) -> None:
        for worker in list(self._idle_since):
            n_more = math.ceil(len(self._waiting) / len(self._runs))
            for run_id in list(self._waiting)[:n_more]:
                self._runs[worker][run_id] = self._waiting.pop(run_id)
            due = [run for run in self._runs[worker].values() if run.is_due]
            if due:
                self.idle_seconds += self.seconds - self._idle_since.pop(worker)
                end = self.seconds + sum(run.seconds for run in due)
                heapq.heappush(self._rounds, (end, worker, tuple(run.train() for run in due)))

    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Nothing is taken any more."""
        return RoundResult()

    def stop(self, run_id: int) -> None:
        """Train a run no more."""
        for runs in (*self._runs, self._waiting):
            runs.pop(run_id, None)

    def forget(self, run_id: int) -> None:
        """Know a run no more."""
        self.stop(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """There is none."""
        raise TrainingError("no state is kept where nothing trains")

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """There are none to be kept."""
        return {}

    def close(self) -> None:
        """End all rounds."""
        self._rounds.clear()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One simulated search."""

    n_trials: int
    n_epochs: int
    seconds: float  # of the workers, until the last trial had ended
    idle: float  # share of the workers' time
    busy_seconds: float  # of the coordinator's processor
    best: float

    @property
    def pace(self) -> float:
        """Trials in a second."""
        return self.n_trials / self.seconds


def search(
    data: LoadedData, options: CallOptions, n_workers: int, seed: int, *, in_order: bool
) -> Outcome:
    """Search once, in the order or as results come."""
    space = search_spaces.load("mlp").for_task(data.goal.task)
    settings = make_settings(data, space, SearchOptions(study="order", seed=seed))
    problem = NetworkProblem(settings, data.dataset)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/order.db") as store,
    ):
        executor = Simulated(problem, n_workers)
        one = Search(open_study(store, settings), store, executor, problem, options)
        if not in_order:
            one.state.trials.order = AsTheyCome(options.slots)
        before = time.process_time()
        for _ in one:
            pass
        busy = time.process_time() - before
        tally = one.state.tally
        idle = executor.idle_seconds / (n_workers * executor.seconds)
        best = math.inf if tally.best_value is None else tally.best_value
        return Outcome(tally.n_asked, tally.n_epochs, executor.seconds, idle, busy, best)


def main() -> None:
    """Print the price of the order, seed by seed and in all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sklearn:digits")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sampler", default="random")
    given = parser.parse_args()
    options = CallOptions(
        n_trials=given.trials, sampler=given.sampler, preflight=False, keep_bytes=10**9
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    data = load_dataset(given.data, splits=SplitOptions(folds=1))
    print("seed  order   trials/s  idle  epochs  coordinator ms/trial  best")
    ratios = []
    for seed in range(given.seeds):
        paces = {}
        for in_order in (False, True):
            found = search(data, options, given.workers, seed, in_order=in_order)
            paces[in_order] = found.pace
            word = "yes" if in_order else "no"
            print(
                f"{seed:4d}  {word:5s} {found.pace:10.2f} {found.idle:5.0%} {found.n_epochs:7,d} "
                f"{1000 * found.busy_seconds / found.n_trials:21.1f} "
                f"{found.best:5.3f}"
            )
        ratios.append(paces[True] / paces[False])
    print(
        f"trials per second in the order: {statistics.geometric_mean(ratios):.3f} of as they come"
    )


if __name__ == "__main__":
    main()
