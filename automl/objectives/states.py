"""States of a person's own training as tensors of bytes: what checkpoints and artifacts hold.

    bytes                                                as they are
    tensors, numbers and texts in dicts, lists, tuples   as `torch.save` writes them

Nothing of a database is ever unpickled: `torch.load(weights_only=True)` reads such values and no
others. What is no plain value must be made bytes, and read again, by the objective itself.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.errors import TrainingError

State = Mapping[str, Tensor]
"""A state as it is kept; empty where there is none."""

BYTES, VALUES = "bytes", "values"  # how it was given

_PLAIN: Final = (str, bytes, bool, int, float, type(None))


def packed(state: object, giver: str) -> State:
    """A state as a tensor of bytes, by how it was given.

    Args:
        giver: what has given it, for messages: "save()".

    Raises:
        TrainingError: it has something in it that would have to be unpickled.
    """
    if isinstance(state, bytes):
        return {BYTES: _as_tensor(state)}
    buffer = io.BytesIO()
    torch.save(_plain(state, giver), buffer)
    return {VALUES: _as_tensor(buffer.getvalue())}


def unpacked(state: Mapping[str, Tensor | NDArray[Any]]) -> Any:
    """What was given."""
    if BYTES in state:
        return np.asarray(state[BYTES]).tobytes()
    values = io.BytesIO(np.asarray(state[VALUES]).tobytes())
    return torch.load(values, weights_only=True)


def _plain(value: object, giver: str) -> object:
    """The same of plain types alone: numbers of NumPy become Python's."""
    if isinstance(value, Mapping):
        return {_plain(key, giver): _plain(each, giver) for key, each in value.items()}
    if isinstance(value, list | tuple):
        kind = list if isinstance(value, list) else tuple
        return kind(_plain(each, giver) for each in value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Tensor) or type(value) in _PLAIN:
        return value
    raise TrainingError(
        f"{giver} must be bytes, or tensors, numbers and texts in dicts and lists, but has a "
        f"{type(value).__name__} in it; pickle.dumps makes bytes"
    )


def _as_tensor(content: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(content, np.uint8).copy())
