"""How far a run is, and what it is worth, from its curve."""

from __future__ import annotations

import math

import pytest

from automl.models.mlp.config import MLPConfig
from automl.training.config import RunConfig, TrainingConfig
from automl.tuning.run_in_training import RunInTraining
from storage.records import EpochRecord


def run_of(*valid_losses: float, patience: int = 9) -> RunInTraining:
    """A run of at most four epochs that has these behind it."""
    training = TrainingConfig(max_epochs=4, patience=patience)
    run = RunInTraining(RunConfig(1, 0, "mlp", MLPConfig(), training, seed=0))
    for epoch, loss in enumerate(valid_losses, start=1):
        run.advance(EpochRecord(1, epoch, epoch, 0.5, loss, 0.0, 0.1, 0.1, 0.1, 1.0, 0.1))
    return run


@pytest.mark.parametrize(
    ("losses", "patience", "end", "cause"),
    [
        ((0.5, 0.4, 0.3), 9, None, None),
        ((0.5, 0.4, 0.3, 0.2), 9, "max_epochs", None),
        ((0.5, 0.6, 0.7), 2, "early_stopped", "early_stopped"),
        ((0.5, 0.6, 0.5), 2, "early_stopped", "early_stopped"),
        ((0.5, math.nan), 9, "diverged", "diverged"),
    ],
)
def test_a_run_ends_where_its_curve_says_so(
    losses: tuple[float, ...], patience: int, end: str | None, cause: str | None
) -> None:
    run = run_of(*losses, patience=patience)
    assert (run.end, run.cause) == (end, cause)


def test_an_end_is_not_taken_back() -> None:
    run = run_of(0.5)
    run.end = "out_of_time"
    assert run.advance(EpochRecord(1, 4, 4, 0.5, 0.4, 0.0, 0.1, 0.1, 0.1, 1.0, 0.1))
    assert run.cause == "out_of_time"


def test_its_best_epoch_is_the_one_with_the_lowest_finite_loss() -> None:
    best = run_of(0.5, 0.3, 0.4).best
    assert best is not None and best.epoch == 2
    tied = run_of(0.3, 0.5, 0.3, 0.4).best
    assert tied is not None and tied.epoch == 3
    assert run_of(math.nan).best is None
    assert run_of(math.nan).best_loss == math.inf
