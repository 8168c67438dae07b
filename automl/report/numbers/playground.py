"""Numbers of the playground's page: what each grid teaches, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automl.diagnostics.wording import listing, number, percent

if TYPE_CHECKING:  # the module that trains loads torch, a page needs only its numbers
    from automl.tuning.playground import PlayedGrid, PlayedRun

GUESSING = float(np.log(2))  # loss of saying one half to two equally frequent classes
NOT_LEARNT = 0.9 * GUESSING  # a tenth better than guessing, which noise alone does not give


def finding(grid: PlayedGrid) -> str:
    """Which value did best, and which learnt nothing."""
    best = min(grid.runs, key=lambda run: run.best_loss)
    words = (
        f"Best with {grid.parameter} {value_text(best)}: validation loss "
        f"{number(best.best_loss)}, {percent(best.valid_error)} of the rows wrong."
    )
    stuck = [value_text(run) for run in grid.runs if run.best_loss > NOT_LEARNT]
    diverged = [value_text(run) for run in grid.runs if not np.isfinite(run.valid_loss[-1])]
    stuck = [value for value in stuck if value not in diverged]
    if stuck:
        words += f" Hardly better than guessing with {listing(stuck)}."
    if diverged:
        words += f" Diverged with {listing(diverged)}."
    return words


def value_text(run: PlayedRun) -> str:
    """The value of the grid, as a person reads it."""
    return number(run.value) if isinstance(run.value, float) else str(run.value)


def loss_range(grid: PlayedGrid) -> tuple[float, float]:
    """One range of losses for all curves of a grid, so that they compare at a glance."""
    losses = np.concatenate([np.concatenate([r.train_loss, r.valid_loss]) for r in grid.runs])
    finite = losses[np.isfinite(losses) & (losses > 0)]
    if not len(finite):
        return 0.1, 1.0
    # Below 0.001 a curve is flat at zero to the eye; above 3 it has left the picture anyway.
    return max(float(finite.min()), 1e-3), min(float(finite.max()), 3.0)
