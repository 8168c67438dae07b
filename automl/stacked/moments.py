"""The moments of a run's optimizer in a checkpoint: from a stack's blocks, and back into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from torch import Tensor

from automl.stacked.blocks import StackBlocks
from automl.stacked.update_coefficients import moment_scales
from automl.training.config import TrainingConfig
from automl.training.optimizers import MOMENTS

NAMES: Final = ("first_moment", "second_moment")


def start_of_second(name: str) -> float:
    """What the second moments of an optimizer begin at; of one that has none they stay so."""
    return 1.0 if "second_moment" not in MOMENTS[name] else 0.0


def read_moments(
    blocks: tuple[StackBlocks, StackBlocks],
    k: int,
    name: str,
    training: TrainingConfig,
    step: int,
) -> dict[str, Tensor]:
    """Run k's moments after `step` updates as in a `Checkpoint`, on the CPU."""
    if step == 0:
        return {}
    scales = moment_scales(name, training, step)
    return {
        # in double precision, so that writing them back gives the same bits
        f"{moment}.{key}": values if scale == 1.0 else values.double() * scale
        for moment, of_moment, scale in zip(NAMES, blocks, scales, strict=True)
        if moment in MOMENTS[name]
        for key, values in of_moment.read(k).items()
    }


def write_moments(
    blocks: tuple[StackBlocks, StackBlocks],
    k: int,
    name: str,
    training: TrainingConfig,
    moments: Mapping[str, Tensor],
    step: int,
) -> None:
    """Set run k's moments from a checkpoint taken after `step` updates."""
    if not moments:
        return
    scales = moment_scales(name, training, step)
    for moment, of_moment, scale in zip(NAMES, blocks, scales, strict=True):
        if moment not in MOMENTS[name]:
            continue
        prefix = f"{moment}."
        own = {
            key.removeprefix(prefix): values / scale
            for key, values in moments.items()
            if key.startswith(prefix)
        }
        of_moment.write(k, own)
