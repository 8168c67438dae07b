"""Which runs share a stack.

Runs can share a stack if they take the same steps: equally many train rows, batches of one
size, equally many of them in an epoch; and if they have the same before their first layer.
Whether they should is a matter of cost: a wide run makes its narrow neighbours pay for padding, a
stack of its own pays for some hundred calls per step. So runs are sorted by width and cut where
the estimated time is least. The estimates are rough (see `COST`) and only choose between plans;
nothing that is computed depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automl.data.dataset import Dataset
from automl.models.mlp.config import MLPConfig, input_size
from automl.models.mlp.cost import COST
from automl.stacked.blocks import padded
from automl.stacked.input_layout import InputLayout
from automl.training.batches import batch_size_of, n_measured_valid, n_train_rows
from automl.training.config import RunConfig
from automl.training.costs import n_steps


@dataclass(frozen=True, slots=True)
class StackKey:
    """What runs must have in common to share a stack."""

    batch_size: int
    n_steps: int  # of an epoch
    n_train_rows: int
    n_valid_rows: int  # that are measured
    n_features: int
    cardinalities: tuple[int, ...]  # folds are encoded apart and may differ in their inputs
    is_maxout: bool  # two linear maps per unit
    n_members: int
    learned_inputs: tuple[tuple[str, tuple[int, ...]], ...]  # names and shapes, see InputLayout


def stack_key(run: RunConfig, dataset: Dataset) -> StackKey:
    """What a run must have in common with the runs it shares a stack with."""
    fold = dataset.folds[run.fold]
    encoding = fold.encoding
    inputs = InputLayout(
        run.model, encoding.n_features, encoding.cardinalities, encoding.n_numbers
    )
    return StackKey(
        batch_size_of(run, dataset),
        n_steps(run, dataset),
        n_train_rows(run, dataset),
        n_measured_valid(fold.valid.targets),
        encoding.n_features,
        encoding.cardinalities,
        run.model.activation == "maxout",
        run.model.n_members,
        (*inputs.weights.items(), *inputs.vectors.items()),
    )


def plan_stacks(runs: Sequence[RunConfig], dataset: Dataset) -> list[list[RunConfig]]:
    """Divide runs into stacks so that a round takes the least time, by the estimates."""
    groups: dict[StackKey, list[RunConfig]] = {}
    for run in runs:
        groups.setdefault(stack_key(run, dataset), []).append(run)
    plans = []
    for key, alike in groups.items():
        n_numbers = dataset.folds[alike[0].fold].encoding.n_numbers
        n_inputs = input_size(alike[0].model, key.n_features, key.cardinalities, n_numbers)
        plans += _cut(alike, key.n_members * key.batch_size, n_inputs)
    return plans


def _cut(runs: Sequence[RunConfig], batch_size: int, n_inputs: int) -> list[list[RunConfig]]:
    """Cut runs that may share a stack where it pays: constant and funnel apart, or not."""
    shapes = [
        [run for run in runs if run.model.shape == shape or run.model.n_layers < 2]
        if shape == "constant"
        else [run for run in runs if run.model.shape == shape and run.model.n_layers > 1]
        for shape in ("constant", "funnel")
    ]
    apart = [_best_cuts(group, batch_size, n_inputs) for group in shapes if group]
    together = _best_cuts(runs, batch_size, n_inputs)
    if sum(seconds for seconds, _ in apart) < together[0]:
        return [stack for _, stacks in apart for stack in stacks]
    return together[1]


def _best_cuts(
    runs: Sequence[RunConfig], batch_size: int, n_inputs: int
) -> tuple[float, list[list[RunConfig]]]:
    """The cheapest cuts of the runs in order of width, and their seconds per step.

    By dynamic programming: the best plan of the first n runs ends with some stack.
    """
    ordered = sorted(runs, key=lambda run: (run.model.hidden_size, run.run_id))
    best: list[tuple[float, int]] = [(0.0, 0)]  # of the first n runs: seconds, start of the last
    for stop in range(1, len(ordered) + 1):
        tail = _GrowingStack(batch_size, n_inputs)
        options = []
        for start in reversed(range(stop)):
            tail.add(ordered[start].model)
            options.append((best[start][0] + tail.seconds, start))
        best.append(min(options))
    stacks, stop = [], len(ordered)
    while stop:
        start = best[stop][1]
        stacks.append(ordered[start:stop])
        stop = start
    return best[-1][0], stacks[::-1]


class _GrowingStack:
    """Estimates a stack's step while runs are added."""

    def __init__(self, batch_size: int, n_inputs: int) -> None:
        self._batch_size, self._n_inputs = batch_size, n_inputs
        self._widths: list[int] = []
        self._n_runs: list[int] = []

    def add(self, model: MLPConfig) -> None:
        """Let one more run into the stack."""
        for layer, size in enumerate(model.hidden_sizes):
            if layer == len(self._widths):
                self._widths.append(0)
                self._n_runs.append(0)
            self._widths[layer] = max(self._widths[layer], padded(size) * model.pieces)
            self._n_runs[layer] += 1

    @property
    def seconds(self) -> float:
        """Estimated time of a step."""
        seconds, n_in = COST.step + COST.layer * len(self._widths), self._n_inputs
        for width, n_runs in zip(self._widths, self._n_runs, strict=True):
            products = 6 * self._batch_size * n_in * width * COST.operation
            units = self._batch_size * width * COST.activation
            seconds += n_runs * (products + units + n_in * width * COST.parameter)
            n_in = width
        return seconds
