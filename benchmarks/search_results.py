"""What either side of `benchmarks.search` has found, in the same numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: what was drawn, the epochs that were measured, and whether it was trained out."""

    params: Mapping[str, Any]
    n_epochs: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One search.

    Attributes:
        passes: rows trained on, by train rows: an epoch of a large table may be part of a pass.
        best: the lowest validation loss so far, each time it fell, in seconds from the command.
        seconds: from the command's beginning to its end.
    """

    trials: Sequence[Trial]
    passes: float
    best: Sequence[tuple[float, float]]
    seconds: float

    @property
    def n_epochs(self) -> int:
        """Epochs that were measured."""
        return sum(trial.n_epochs for trial in self.trials)

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


def weights_of(params: Mapping[str, Any], n_inputs: int, n_outputs: int) -> int:
    """Weights of a trial's network: each takes three products per row and pass."""
    sizes = [n_inputs]
    for layer in range(int(params["n_layers"])):
        width = int(params["hidden_size"])
        sizes.append(max(8, width >> layer) if params["shape"] == "funnel" else width)
    sizes.append(n_outputs)
    return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))
