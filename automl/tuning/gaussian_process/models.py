"""What a call keeps from decision to decision, and the first trials, which need nothing else.

No part of SciPy is loaded here: where no portfolio begins a study its first trials are these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from automl.tuning.gaussian_process.curves import Curves, Seen
from automl.tuning.gaussian_process.kernel import Axes, Floats, Numbers, Points
from automl.tuning.gaussian_process.unit_cube import UnitCube
from automl.tuning.policies.policy import View
from automl.tuning.seeds import derive_seed

N_START = 12
"""Trials that are spread over the space before the process is asked."""

_SMALLEST_COST = 1e-12


class Models:
    """What a call keeps from decision to decision: the space, its trials, what was tried."""

    def __init__(self, view: View, grid: Sequence[int]) -> None:
        self.grid = np.array(grid)
        self.cube = UnitCube(view.space)
        self.axes = Axes.of(self.cube.parameter_of, view.max_epochs)
        self.curves = Curves(self.cube, grid)
        self._log_costs: dict[int, float] = {}  # of an epoch, by row of the curves

    def first(self, seed: int, index: int) -> dict[str, Any]:
        """Params of a trial before anything has been seen."""
        block, place = divmod(index, N_START)
        random = np.random.default_rng(derive_seed(seed, "policy", "start", block))
        return self.cube.params(self.cube.spread(N_START, random)[place])

    def fitted_to(self, seen: Seen) -> tuple[Axes, Floats, Points, Floats]:
        """What a fit takes: axes, trials, points and values."""
        return (
            self.axes,
            self.cube.points(self.curves.places[seen.trials]),
            seen.points,
            seen.values,
        )

    def log_costs(self, view: View, rows: Numbers) -> Floats:
        """Logarithms of what an epoch of trials costs."""
        for row in set(rows.tolist()) - self._log_costs.keys():
            cost = view.cost(view.trials[self.curves.numbers[row]].params)
            self._log_costs[row] = math.log(max(cost, _SMALLEST_COST))
        return np.array([self._log_costs[row] for row in rows.tolist()])

    def next_pause(self, epochs: Numbers) -> Numbers:
        """The next epochs at which trials pause, or end."""
        places = np.searchsorted(self.grid, epochs, side="right")
        return self.grid[np.minimum(places, len(self.grid) - 1)]
