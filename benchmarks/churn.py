"""What a worker does with runs that come and go, as in a search: how much of it is training.

    python -m benchmarks.churn [--trials N] [--slots N] [--json]

Trials of digits, drawn from the built-in space, train ten at once in one process. Three of four
end after their first epoch, of the others three of four after their fourth, the rest after their
sixteenth, as where a search keeps a fourth at each rung; each that ends is followed by the next,
which is looked at before its first epoch. Told are processor seconds, of which the training
share are the steps themselves.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from automl.stacked.native_run import NativeRun
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig
from benchmarks.stacked import Case, digits, draw_trials

RUNGS = (1, 4, 16)
KEPT = 4
"""One of so many goes on at each rung."""

PARTS: Mapping[str, str] = {
    "_trained": "training",
    "_train_score": "measuring",
    "_valid_score": "measuring",
    "measured_layers": "signals",
    "initialize": "weights",
    "__init__": "begin",
}
"""Method of a run by the kernels -> part."""


def last_epoch(run_id: int) -> int:
    """Where a run ends."""
    for rung in RUNGS[:-1]:
        if run_id % KEPT:
            return rung
        run_id //= KEPT
    return RUNGS[-1]


def stream(trainer: StackedTrainer, runs: Sequence[RunConfig], n_slots: int) -> int:
    """Train runs as they come and go; returns how many epochs that took."""
    waiting, n_epochs = list(runs), 0
    while waiting or trainer.active:
        n_free = n_slots - len(trainer.active)
        trainer.add(waiting[:n_free])
        del waiting[:n_free]
        trainer.take_begun()
        for record in trainer.train_round():
            n_epochs += 1
            if record.run_id in trainer.active and record.epoch >= last_epoch(record.run_id):
                trainer.drop(record.run_id)
                trainer.forget(record.run_id)
    return n_epochs


class Stopwatch:
    """Adds up the processor seconds of some methods of `NativeRun`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._methods = {name: getattr(NativeRun, name) for name in PARTS}

    def __enter__(self) -> Stopwatch:
        for name, method in self._methods.items():
            setattr(NativeRun, name, self._timed(method, PARTS[name]))
        return self

    def __exit__(self, *_: object) -> None:
        for name, method in self._methods.items():
            setattr(NativeRun, name, method)

    def _timed(self, method: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.process_time()
            result = method(*arguments)
            self.seconds[part] += time.process_time() - started
            return result

        return timed


def run(n_trials: int, n_slots: int, seed: int) -> dict[str, float]:
    """Measure a stream of trials."""
    dataset, arrays = digits()
    trials = draw_trials("full", n_trials, seed)
    runs = Case("full", "digits", dataset, arrays, trials, RUNGS[-1]).runs(trials)
    stream(StackedTrainer(dataset), runs[:n_slots], n_slots)  # what is done once per process
    with Stopwatch() as watch:
        started = time.process_time()
        n_epochs = stream(StackedTrainer(dataset), runs, n_slots)
        seconds = time.process_time() - started
    shares = {f"churn.{part}_share": each / seconds for part, each in watch.seconds.items()}
    return {"churn.seconds": seconds, "churn.epochs_per_second": n_epochs / seconds, **shares}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--slots", type=int, default=10, help="how many train at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    numbers = run(arguments.trials, arguments.slots, arguments.seed)
    if arguments.json:
        print(json.dumps(numbers))
        return
    for key, value in numbers.items():
        print(f"{key:28} {value:.3f}")


if __name__ == "__main__":
    main()
