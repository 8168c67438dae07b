"""What an objective gives of an epoch, read: a validation loss, or a mapping that has it.

A mapping may have the state after the epoch as well (`states.py`), which is kept of the best.

Numbers of NumPy and tensors of one number are taken as well. A loss that is infinite or not a
number ends the trial as diverged; anything else that is no number is an error of the objective.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from automl.errors import TrainingError, did_you_mean
from automl.wording.counts import listing

VALID: Final = "valid_loss"
STATE: Final = "state"
NUMBERS: Final = (VALID, "train_loss", "valid_loss_standard_error")
KEYS: Final = (*NUMBERS, STATE)


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of an epoch; lower is better. NaN: not given."""

    valid_loss: float
    train_loss: float = math.nan
    valid_loss_standard_error: float = math.nan


def read_losses(given: object) -> Losses:
    """The losses that an objective has given.

    Raises:
        TrainingError: they are none.
    """
    if not isinstance(given, Mapping):
        return Losses(_number(given, "a loss, or a mapping with valid_loss"))
    for key in given:
        if key not in KEYS:
            hint = did_you_mean(str(key), KEYS).rstrip(".")
            raise TrainingError(
                f"what an objective gives may have {listing(list(KEYS))}, but has {key!r}{hint}"
            )
    if VALID not in given:
        raise TrainingError(
            "a mapping that an objective gives must have a valid_loss, but has "
            f"{listing(list(map(str, given))) or 'nothing'}"
        )
    values = {key: _number(given[key], f"a number as {key}") for key in NUMBERS if key in given}
    train = values.get("train_loss")
    if train is not None and math.isnan(train):
        values["train_loss"] = math.inf  # given, and no number: it has diverged
    return Losses(**values)


def state_in(given: object) -> object:
    """The state that an objective has given with its losses; None where it has given none."""
    return given.get(STATE) if isinstance(given, Mapping) else None


def _number(value: object, what: str) -> float:
    """A number of Python, NumPy or torch."""
    is_one = not isinstance(value, str | bytes | bool) and getattr(value, "ndim", 0) == 0
    if isinstance(value, Tensor):
        value = value.detach()  # of one that knows its gradient, torch would warn
    try:
        if is_one:
            return float(value)  # type: ignore[arg-type]  # what it cannot convert, it refuses
    except OverflowError:  # a whole number beyond all floats, as of what has diverged
        return math.inf
    except (TypeError, ValueError):
        pass
    raise TrainingError(
        f"an objective must give {what}, but gave {_shown(value)}; float(...) makes a number of "
        "one that is written, .item() of an array or a tensor of one"
    )


def _shown(value: object) -> str:
    shape = getattr(value, "shape", None)
    if value is None or isinstance(value, str | bytes | bool | tuple | list):
        return repr(value)[:60]
    return f"a {type(value).__name__}" + (f" of shape {tuple(shape)}" if shape else "")
