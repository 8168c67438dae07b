"""Trying out compiled kernels: `python -m automl.stacked.native_trial REAL FILE`.

Trains a few small networks with the kernels and with torch calls. Ends with 0 if both give the
same; kernels that this machine cannot run end this process instead of a search.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, NumberLevels, TableEncoding, TableInputs
from automl.models.mlp.config import MLPConfig
from automl.stacked import native
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig, TrainingConfig
from search_spaces.mlp_hyperparameters import MOST_BINS
from storage.records import EpochRecord

CONFIGS = (
    MLPConfig(n_layers=2, hidden_size=19, activation="silu", normalization="layer_norm"),
    MLPConfig(n_layers=1, hidden_size=7, activation="relu", dropout=0.2),
    MLPConfig(n_layers=1, hidden_size=7, numeric_encoding="piecewise_linear", n_bins=6),
    MLPConfig(n_layers=1, hidden_size=7, n_members=3),
    MLPConfig(n_layers=1, hidden_size=7, numeric_encoding="periodic", encoding_size=4),
)
"""Widths that are no multiples of a vector, so that ends of loops run too."""

N_ROWS, N_INPUTS, N_CLASSES = 45, 5, 3

TOLERANCE = 1e-3
"""A few steps on some ten rows, in single precision, in another order."""


def main(real: str, path: str) -> str:
    """What is wrong with the kernels of that file; "" if nothing is."""
    dtype = next(dtype for dtype, name in native.REALS.items() if name == real)
    try:
        native.use_kernels({dtype: Path(path).read_bytes()})
        native.library(dtype)
    except OSError as error:
        return str(error)
    pairs = zip(_epochs(dtype, True), _epochs(dtype, False), strict=True)
    if all(_are_alike(*pair) for pair in pairs):
        return ""
    return "they give other numbers than torch"


def _epochs(dtype: torch.dtype, is_native: bool) -> list[EpochRecord]:
    """An epoch of each network, on drawn rows."""
    trainer = StackedTrainer(_dataset(), dtype=dtype, is_native=is_native)
    training = TrainingConfig(batch_size=16, optimizer="adam", learning_rate=1e-3)
    trainer.add([RunConfig(n, n, "mlp", config, training, n) for n, config in enumerate(CONFIGS)])
    return sorted(trainer.train_round(), key=lambda record: record.run_id)


def _are_alike(one: EpochRecord, other: EpochRecord) -> bool:
    pairs = [(one.train_loss, other.train_loss), (one.gradient_norm, other.gradient_norm)]
    for mine, theirs in zip(one.layers, other.layers, strict=True):
        pairs += [
            (mine.gradient_norm, theirs.gradient_norm),
            (mine.activation_standard_deviation, theirs.activation_standard_deviation),
        ]
    return all(math.isclose(*pair, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for pair in pairs)


def _dataset() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(N_ROWS, N_INPUTS, generator=generator)
    split = Split(
        TableInputs(numbers, numbers, torch.zeros(N_ROWS, 0, dtype=torch.int64)),
        torch.randint(N_CLASSES, (N_ROWS,), generator=generator),
    )
    as_it_is = InputScaling(torch.zeros(N_INPUTS), torch.ones(N_INPUTS))
    levels = numbers.quantile(torch.linspace(0, 1, MOST_BINS + 1), dim=0)
    encoding = TableEncoding({"standard": as_it_is}, levels=NumberLevels(levels, levels))
    fold = Fold(split, split, split, encoding)
    return Dataset("multiclass", "cross_entropy", N_CLASSES, (fold,))


if __name__ == "__main__":
    problem = main(*sys.argv[1:])
    if problem:
        sys.exit(problem)
