"""What a run costs before it has trained: seconds of its rounds, bytes of its network.

Estimates, by which runs are placed on workers, slots are planned and cheap trials are preferred;
nothing that a run computes depends on them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from automl.data.dataset import Dataset
from automl.models.family import find_family
from automl.training.batches import batch_size_of, epochs_of
from automl.training.config import RunConfig


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run adds to a worker's round, in seconds; rough, but in the right proportions."""

    stack: Hashable  # runs of one stack share `shared`; None: with nobody
    shared: float
    own: float


def n_steps(run: RunConfig, dataset: Dataset) -> int:
    """Steps of an epoch."""
    return epochs_of(run, dataset).n_steps


def cost_alone(run: RunConfig, dataset: Dataset) -> RunCost:
    """The cost of an epoch of a run that shares its calls with nobody."""
    data, size = dataset.describe(run.fold), batch_size_of(run, dataset)
    seconds = find_family(run.family).step_seconds(run.model, data, size)
    return RunCost(None, 0.0, n_steps(run, dataset) * seconds)


def bytes_alone(runs: Sequence[RunConfig], dataset: Dataset) -> int | None:
    """Bytes of networks that train side by side and share nothing; None where nobody knows."""
    sizes = [
        find_family(run.family).n_bytes(
            run.model, dataset.describe(run.fold), batch_size_of(run, dataset)
        )
        for run in runs
    ]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
