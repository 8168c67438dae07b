from __future__ import annotations

import math

import pytest

from automl.training.config import TrainingConfig
from automl.training.ending import ending
from storage.records import EpochRecord

TRAINING = TrainingConfig(max_epochs=8, patience=3)


def records(*valid_losses: float, train_loss: float = 1.0) -> list[EpochRecord]:
    return [
        EpochRecord(1, epoch, 10 * epoch, train_loss, loss, 0.1, 0.5, 0.5, 0.1, 1.0, 0.0)
        for epoch, loss in enumerate(valid_losses, start=1)
    ]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((), None),
        ((1.0,), None),
        ((1.0, 0.9, 0.95, 0.95), None),
        ((1.0, 0.9, 0.95, 0.95, 0.91), "early_stopped"),
        ((1.0, 0.9, 0.9, 0.9, 0.9), "early_stopped"),  # equal is not better
        ((1.0, 0.9, 0.95, 0.9, 0.95), "early_stopped"),  # nor does it count from there again
        ((1.0, 0.9, 0.95, 0.95, 0.89), None),
        ((8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0), "max_epochs"),
        ((8.0, 7.0, 6.0, 5.0, 4.0, 4.1, 4.2, 4.3), "max_epochs"),  # both: the budget is spent
        ((1.0, math.nan), "diverged"),
        ((math.inf,), "diverged"),
    ],
)
def test_cause_of_the_end(losses: tuple[float, ...], expected: str | None) -> None:
    assert ending(records(*losses), TRAINING) == expected


def test_train_loss_alone_can_diverge() -> None:
    assert ending(records(1.0, train_loss=math.inf), TRAINING) == "diverged"


def test_a_continued_curve_counts_its_own_epochs() -> None:
    """A run that continues another begins at a later epoch."""
    assert ending(records(1.0, 0.9, 0.95, 0.8, 0.9)[3:], TRAINING) is None
