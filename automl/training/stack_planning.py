"""Which runs share a stack, and how much memory runs will use."""

from __future__ import annotations

from collections.abc import Sequence

from automl.data.dataset import Dataset
from automl.training.config import RunConfig

StackKey = tuple[int, int, int, bool]


def stack_key(run: RunConfig, dataset: Dataset) -> StackKey:
    """What runs must have in common to share a stack."""
    fold = dataset.folds[run.fold]
    n_rows = len(fold.train)
    if run.rows is not None:
        n_rows = round(run.rows.fraction * n_rows)
    size = n_rows if run.training.batch_size is None else min(run.training.batch_size, n_rows)
    return size, n_rows, len(fold.valid), run.model.activation == "maxout"


def plan_stacks(runs: Sequence[RunConfig], dataset: Dataset) -> list[list[RunConfig]]:
    """Divide runs into stacks."""
    groups: dict[object, list[RunConfig]] = {}
    for run in runs:
        width = 1 << (run.model.hidden_size - 1).bit_length()
        groups.setdefault((stack_key(run, dataset), width), []).append(run)
    return list(groups.values())
