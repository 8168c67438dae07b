"""Small data sets for trainers: every task and loss, with and without embedded categories."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, NumberLevels, TableEncoding, TableInputs

CARDINALITIES = (4, 9)
N_NUMBERS = 4
"""Of the five columns the first ones count as numeric; one of these has two values only."""

TASKS = {
    "cross_entropy": ("multiclass", 3),
    "binary_cross_entropy": ("binary", 2),
    "mean_squared": ("regression", 1),
    "mean_absolute": ("regression", 1),
    "huber": ("regression", 1),
}


def tiny_dataset(
    loss: str = "cross_entropy",
    *,
    n_rows: int = 150,
    with_categories: bool = False,
    class_weights: Tensor | None = None,
    n_folds: int = 1,
    is_weighted: bool = False,
) -> Dataset:
    """Rows whose targets a small network can learn, with noise; 3/5 train, 1/5 valid, 1/5 test.

    Args:
        is_weighted: rows weigh 0.2 to 20.

    Shape:
        inputs: (N, 5), the first column a 0/1 code; categories: (N, 2) or (N, 0).
    """
    task, n_classes = TASKS[loss]
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randn(n_rows, 5, generator=generator) * 3 + 1
    inputs[:, 0] = (inputs[:, 0] > 1).float()
    drawn = [torch.randint(n, (n_rows,), generator=generator) for n in CARDINALITIES]
    categories = torch.stack(drawn, dim=1)[:, : len(CARDINALITIES) if with_categories else 0]
    signal = (inputs[:, 1] - 1) / 3 * inputs[:, 0] + torch.sin(inputs[:, 2])
    signal = signal + 0.3 * torch.randn(n_rows, generator=generator)
    if task == "regression":
        targets = (signal - signal.mean()) / signal.std()
    else:
        cuts = signal.quantile(torch.linspace(0, 1, n_classes + 1)[1:-1])
        targets = torch.bucketize(signal, cuts)

    given = 0.2 * 100 ** torch.rand(n_rows, generator=torch.Generator().manual_seed(5))

    def split(rows: Tensor) -> Split:
        some = inputs[rows]
        table = TableInputs(some, (some / 4).tanh(), categories[rows].clone())
        if not is_weighted:
            return Split(table, targets[rows])
        mean = given[rows].mean()
        return Split(table, targets[rows], given[rows] / mean, float(mean))

    def fold(number: int) -> Fold:
        order = torch.arange(n_rows).roll(number * 20)
        train, valid, test = order.split([n_rows * 3 // 5, n_rows // 5, n_rows // 5])
        return Fold(
            split(train),
            split(valid),
            split(test),
            TableEncoding(
                _scalings(inputs[train]),
                CARDINALITIES if with_categories else (),
                _levels(inputs[train][:, :N_NUMBERS]),
            ),
            target_mean=7.0 if task == "regression" else 0.0,
            target_scale=2.5 if task == "regression" else 1.0,
            class_weights=class_weights,
        )

    folds = tuple(fold(number) for number in range(n_folds))
    return Dataset(task, loss, n_classes, folds)  # type: ignore[arg-type]


def parted_dataset() -> Dataset:
    """Two classes so far apart that a network which has learned them has a loss of exactly 0."""

    def far(split: Split) -> Split:
        code = split.inputs.numeric[:, :1]
        numbers = torch.cat([60 * code - 30, split.inputs.numeric[:, 1:]], dim=1)
        return Split(TableInputs(numbers, numbers, split.inputs.categories), code[:, 0].long())

    (fold,) = tiny_dataset("binary_cross_entropy").folds
    parted = replace(fold, train=far(fold.train), valid=far(fold.valid), test=far(fold.test))
    return Dataset("binary", "binary_cross_entropy", 2, (parted,))


def _levels(numbers: Tensor) -> NumberLevels:
    levels = numbers.quantile(torch.linspace(0, 1, 961), dim=0)
    return NumberLevels(levels, (levels / 4).tanh())


def _scalings(inputs: Tensor) -> dict[str, InputScaling]:
    low, high = inputs.amin(0), inputs.amax(0)
    quartiles = inputs.quantile(torch.tensor([0.25, 0.5, 0.75]), dim=0)
    scalings = {
        "standard": InputScaling(inputs.mean(0), 1 / inputs.std(0)),
        "min_max": InputScaling(low, 1 / (high - low)),
        "robust": InputScaling(quartiles[1], 1 / (quartiles[2] - quartiles[0]).clamp(min=0.1)),
        "quantile": InputScaling(torch.zeros(5), torch.ones(5)),
    }
    width = quartiles[2] - quartiles[0]  # 0, or 1, of the code in the first column
    scale = 1 / torch.where(width > 0, width, (high - low) / 2)
    clipped = InputScaling(quartiles[1], scale, limit=3.0)
    for scaling in scalings.values():
        scaling.shift[0], scaling.scale[0] = 0.0, 1.0
    return {**scalings, "robust_clip": clipped}
