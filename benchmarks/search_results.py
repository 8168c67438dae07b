"""What either side of `benchmarks.search` has found, in the same numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial.

    Attributes:
        n_epochs: that were measured.
        passes: rows trained on, by train rows: an epoch of a large table may be part of a pass.
        is_complete: whether it was trained out, not pruned or broken off.
    """

    params: Mapping[str, Any]
    n_epochs: int
    passes: float
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One search.

    Attributes:
        best: the lowest validation loss so far, each time it fell, in seconds from the command.
        seconds: from the command's beginning to its end.
    """

    trials: Sequence[Trial]
    best: Sequence[tuple[float, float]]
    seconds: float

    @property
    def n_epochs(self) -> int:
        """Epochs that were measured."""
        return sum(trial.n_epochs for trial in self.trials)

    @property
    def passes(self) -> float:
        """Rows trained on, by train rows."""
        return sum(trial.passes for trial in self.trials)

    @property
    def n_begun(self) -> int:
        """Trials with an epoch at least."""
        return sum(trial.n_epochs > 0 for trial in self.trials)

    @property
    def n_complete(self) -> int:
        """Trials that were not pruned."""
        return sum(trial.is_complete for trial in self.trials)

    @property
    def loss(self) -> float:
        """The lowest validation loss; infinite without one."""
        return self.best[-1][1] if self.best else math.inf

    def loss_at(self, seconds: float) -> float:
        """The lowest validation loss that was known by then."""
        return min((loss for at, loss in self.best if at <= seconds), default=math.inf)

    def seconds_to(self, loss: float) -> float:
        """When the validation loss was this or lower; infinite if it never was."""
        return next((at for at, best in self.best if best <= loss), math.inf)


def improvements(known: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each fall of the lowest loss, from losses with the seconds when they were known."""
    best: list[tuple[float, float]] = []
    for at, loss in sorted(known):
        if math.isfinite(loss) and (not best or loss < best[-1][1]):
            best.append((at, loss))
    return best


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a table makes of a network: the expert's columns and outputs, for both sides."""

    n_rows: int
    n_inputs: int
    n_outputs: int

    def weights(self, params: Mapping[str, Any]) -> int:
        """Weights of a trial's network: each takes three products per row and pass."""
        sizes = [self.n_inputs]
        for layer in range(int(params["n_layers"])):
            width = int(params["hidden_size"])
            sizes.append(max(8, width >> layer) if params["shape"] == "funnel" else width)
        sizes.append(self.n_outputs)
        return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))

    def updates(self, params: Mapping[str, Any]) -> int:
        """Updates of a trial in one pass."""
        return -(-self.n_rows // int(params["batch_size"]))


def mean_sizes(found: Found, sizes: Sizes) -> tuple[float, float]:
    """Mean weights, and updates per pass, of the trials that were drawn."""
    drawn = [trial.params for trial in found.trials]
    if not drawn:
        return math.nan, math.nan
    return fmean(map(sizes.weights, drawn)), fmean(map(sizes.updates, drawn))


def arithmetic(found: Found, sizes: Sizes) -> float:
    """Floating point operations of all products that were trained with, estimated."""
    return sum(
        6 * sizes.n_rows * sizes.weights(trial.params) * trial.passes for trial in found.trials
    )
