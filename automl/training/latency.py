"""How long one call of a network takes, measured calmly: what `--max-latency` is held against.

A call is one forward pass by PyTorch in inference mode, over a few rows that are encoded already,
on one core of the machine that trains. Reading and encoding rows is no part of it: that is the
same for all networks of a study. What is measured is processor time of the calling thread, which
passes only while it computes, and of several measurements the shortest counts: so neighbours on a
busy machine change little. It stays a measurement: another machine, or another moment, has
another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import torch

from automl import randomness
from automl.data.dataset import Dataset
from automl.models.family import find_family
from automl.training.config import RunConfig
from automl.training.network import Network
from automl.training.place import CPU, Place
from automl.training.rows import Rows

CALLS: Final = 5
"""In a measurement: a clock's reading is then below 1 % of the quickest network's 30 us."""

MEASUREMENTS: Final = 20
"""At most; the shortest of them is the latency."""

FEWEST: Final = 3
"""Measurements of a network that takes long."""

SECONDS: Final = 0.02
"""After so much time only the fewest measurements are still made: every trial is measured."""


def latency_of_new(run: RunConfig, dataset: Dataset) -> float | None:
    """Seconds of one call of a run's network where that is limited; else None.

    Of several folds' networks only the first one is measured: they are alike.
    """
    limits = run.limits
    if limits is None or limits.max_latency is None or run.fold:
        return None
    return measured_latency(run, dataset, limits.latency_rows)


def measured_latency(run: RunConfig, dataset: Dataset, n_rows: int) -> float:
    """Seconds of one call of a run's network, with its first weights, on so many rows.

    It is called where torch has one thread: then the time of this thread is that of one core.

    Raises:
        Exception: whatever a person's own network raises.
    """
    fold = dataset.folds[run.fold]
    few = torch.arange(n_rows) % len(fold.valid)
    inputs = fold.valid.inputs[few.to(fold.valid.targets.device)].to(CPU)
    arguments = find_family(run.family).read(inputs, fold.encoding.to(CPU), run.model)
    rows = Rows.of(arguments, torch.zeros(n_rows), CPU, torch.float32)
    network = Network.built(run, dataset.describe(run.fold), rows, Place())
    network.initialize_(run, rows)
    module = network.module.eval()
    with torch.inference_mode(), randomness.seeded(run.seed):
        return _shortest(lambda: module(*rows.arguments))


def _shortest(call: Callable[[], object]) -> float:
    """Processor seconds of a call, in the quickest of several measurements."""
    first = _seconds(call, 1)  # it also warms caches, and has torch choose its algorithms
    n_calls = CALLS if first * CALLS < SECONDS else 1
    _seconds(call, n_calls)
    found: list[float] = []
    until = time.perf_counter() + SECONDS
    while len(found) < FEWEST or (len(found) < MEASUREMENTS and time.perf_counter() < until):
        found.append(_seconds(call, n_calls))
    return min(found)


def _seconds(call: Callable[[], object], n_calls: int) -> float:
    began = time.thread_time()
    for _ in range(n_calls):
        call()
    return (time.thread_time() - began) / n_calls
