"""A learning curve beside the one that was stored: where they differ first, and by how much.

The same trainer gives the same curve bit for bit. Another one adds up in another order, so that
its losses differ by rounding, and in training that is chaotic rounding grows from epoch to epoch
until the curves have nothing in common, though both are right. So what tells another training from
another order is where a difference begins, not how large it becomes: in the first epoch there is
nothing but rounding yet, and from then on it grows and does not jump. Where training is chaotic
from its first steps on, nothing can be told; what tells that is how far the other trainer's own
losses move when the run is changed by no more than rounding (`reproduction.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile

from storage.records import EpochRecord, Json

ROUNDING = 2e-6
"""Relative difference of a loss in the first epoch that another order of adding up may make.

Source:
    31 random trials of digits and diabetes trained by kernels and by the plain loop (11 of them
    with learning rates of 0.01 to 0.5 and batches of 16 and 32): 4e-9 to 5e-7 in 29 of them. A
    learning rate changed by 1 % made 4e-6 to 3e-2, another seed 7e-3 to 8e-2, twice the weight
    decay 7e-9 (where it does nothing: 4e-6 of sgd) to 1e-2. The other two were chaotic within
    their first epoch (4e-5 and 5e-2).
"""

OWN_ROUNDING = 50.0
"""So many times the difference that a change of rounding's size makes within one trainer, another
order of adding up may make in the first epoch.

Source:
    24 random trials of digits with learning rates of 0.02 to 0.5 and batches of 16 and 32, trained
    by kernels and by the plain loop, and by this with the learning rate one part in four million
    higher and lower: up to 20 times the larger of these two differences. Seven were chaotic within
    their first epoch: 3e-6 to 0.6 by the other trainer, 2e-6 to 0.3 by the change.
"""

GROWTH = 200.0
"""By so much the largest difference so far, or `ROUNDING`, may grow from one epoch to the next.

Source:
    29 of these trials: up to 71 times, to differences of 0.3 after 30 epochs.
"""

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
        n_equal: of the first ones, those that are the same, or differ no more than rounding may.
        n_close: of the first ones, those that differ by `ROUNDING` at most.
        first: where they differ first, by more than is said above; None: nowhere.
        largest: relative difference of a loss at most, in the epochs that both have.
        is_chaotic: whether a change of rounding's size explains what they differ by in the first
            epoch, so that it may be the same training or another one.
    """

    fold: int
    n_before: int
    n_now: int
    n_equal: int
    n_close: int
    first: Difference | None
    largest: float
    is_chaotic: bool = False

    @property
    def is_same(self) -> bool | None:
        """Whether it is the same curve; None: it cannot be told.

        Where rounding has grown, it may end in another epoch.
        """
        if self.is_chaotic:
            return None
        return self.first is None and (self.n_now == self.n_before or self.has_parted)

    @property
    def has_parted(self) -> bool:
        """Whether they come to differ by more than in the first epoch they may."""
        return self.n_close < min(self.n_before, self.n_now)

    def to_json(self) -> dict[str, Json]:
        """As plain values; a number that is not finite is null."""
        first = self.first
        return {
            "fold": self.fold,
            "is_same": self.is_same,
            "n_epochs": {
                "before": self.n_before,
                "now": self.n_now,
                "equal": self.n_equal,
                "close": self.n_close,
            },
            "largest_relative_difference": self.largest if math.isfinite(self.largest) else None,
            "first_difference": None
            if first is None
            else {
                name: value if not isinstance(value, float) or math.isfinite(value) else None
                for name, value in asdict(first).items()
            },
        }


def compare_curves(
    fold: int,
    before: Sequence[EpochRecord],
    now: Sequence[EpochRecord],
    *,
    is_exact: bool,
    sensitivity: float = 0.0,
) -> ComparedFold:
    """Epoch by epoch: all that is stored bit for bit, or losses as far as rounding explains.

    Args:
        sensitivity: by so much, relatively, a change of rounding's size moves a loss of the first
            epoch within the trainer of `now`; 0: nobody has looked.
    """
    both = list(zip(before, now, strict=False))
    differences = _differences(both) if is_exact else _jumps(both)
    first = next(differences, None)
    largest = [_apart(one, other) for one, other in both]
    begins_apart = not is_exact and first is not None and first.epoch == both[0][0].epoch
    return ComparedFold(
        fold,
        len(before),
        len(now),
        n_equal=len(both) if first is None else first.epoch - 1,
        n_close=sum(1 for _ in takewhile(lambda difference: difference <= ROUNDING, largest)),
        first=first,
        largest=max(largest, default=0.0),
        is_chaotic=begins_apart and largest[0] <= OWN_ROUNDING * sensitivity,
    )


def apart_at_first(one: Sequence[EpochRecord], other: Sequence[EpochRecord]) -> float:
    """Relative difference of the losses of two curves' first epochs; infinite without one."""
    return _apart(one[0], other[0]) if one and other else math.inf


def _apart(one: EpochRecord, other: EpochRecord) -> float:
    return max(_relative(getattr(one, name), getattr(other, name)) for name in LOSSES)


Pairs = Sequence[tuple[EpochRecord, EpochRecord]]


def _differences(both: Pairs) -> Iterator[Difference]:
    """Where a bit is another one."""
    for one, other in both:
        for name in COMPARED:
            then, value = float(getattr(one, name)), float(getattr(other, name))
            if _relative(then, value) > 0.0:
                yield Difference(one.epoch, name, then, value)


def _jumps(both: Pairs) -> Iterator[Difference]:
    """Where losses differ by more than rounding can have become by then."""
    allowed = ROUNDING
    for one, other in both:
        apart = {name: _relative(getattr(one, name), getattr(other, name)) for name in LOSSES}
        for name, difference in apart.items():
            if difference > allowed:
                yield Difference(one.epoch, name, getattr(one, name), getattr(other, name))
        allowed = max(allowed, GROWTH * max(ROUNDING, *apart.values()))


def _relative(before: float, now: float) -> float:
    """How far two numbers are apart, as a part of the larger one; 0 for two that are none."""
    if before == now or (math.isnan(before) and math.isnan(now)):
        return 0.0
    if not (math.isfinite(before) and math.isfinite(now)):
        return math.inf
    return abs(before - now) / max(abs(before), abs(now))
