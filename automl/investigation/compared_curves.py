"""A learning curve beside the one that was stored: where they differ first, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from storage.records import EpochRecord, Json

LOSSES = ("train_loss", "valid_loss")

COMPARED = (
    *LOSSES,
    "valid_loss_standard_error",
    "train_metric",
    "valid_metric",
    "learning_rate",
    "gradient_norm",
    "step",
)
"""All that is stored of an epoch, but its seconds."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a curve is first another one."""

    epoch: int
    quantity: str  # a field of EpochRecord
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class ComparedFold:
    """A fold's curve beside the one that was stored.

    Attributes:
        n_before, n_now: epochs that were stored, and that there are now.
        n_equal: of the first ones, those that are the same, or within the tolerance.
        first: where they differ first, beyond the tolerance; None: nowhere.
        largest: relative difference of a loss at most, in the epochs that both have.
    """

    fold: int
    n_before: int
    n_now: int
    n_equal: int
    first: Difference | None
    largest: float

    @property
    def is_same(self) -> bool:
        """Whether it is the same curve."""
        return self.first is None and self.n_now == self.n_before

    def to_json(self) -> dict[str, Json]:
        """As plain values; a number that is not finite is null."""
        first = self.first
        return {
            "fold": self.fold,
            "is_same": self.is_same,
            "n_epochs": {"before": self.n_before, "now": self.n_now, "equal": self.n_equal},
            "largest_relative_difference": self.largest if math.isfinite(self.largest) else None,
            "first_difference": None
            if first is None
            else {
                name: value if not isinstance(value, float) or math.isfinite(value) else None
                for name, value in asdict(first).items()
            },
        }


def compare_curves(
    fold: int, before: Sequence[EpochRecord], now: Sequence[EpochRecord], tolerance: float
) -> ComparedFold:
    """Epoch by epoch: all that is stored bit for bit or, with a tolerance, the losses only."""
    differences = list(_differences(before, now, tolerance))
    first = differences[0] if differences else None
    n_both = min(len(before), len(now))
    relative = [
        _relative(getattr(one, name), getattr(other, name))
        for one, other in zip(before, now, strict=False)
        for name in LOSSES
    ]
    return ComparedFold(
        fold,
        len(before),
        len(now),
        n_both if first is None else first.epoch - 1,
        first,
        max(relative, default=0.0),
    )


def _differences(
    before: Sequence[EpochRecord], now: Sequence[EpochRecord], tolerance: float
) -> Iterator[Difference]:
    for one, other in zip(before, now, strict=False):
        for name in LOSSES if tolerance else COMPARED:
            then, value = float(getattr(one, name)), float(getattr(other, name))
            if _relative(then, value) > tolerance:
                yield Difference(one.epoch, name, then, value)


def _relative(before: float, now: float) -> float:
    """How far two numbers are apart, as a part of the larger one; 0 for two that are none."""
    if before == now or (math.isnan(before) and math.isnan(now)):
        return 0.0
    if not (math.isfinite(before) and math.isfinite(now)):
        return math.inf
    return abs(before - now) / max(abs(before), abs(now))
