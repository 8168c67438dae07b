"""The items of a torch Dataset as arrays: each is read once, before the search.

torch is not imported for it: where it is not imported yet, nothing can be such a Dataset.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.errors import DataError, reason_of


def is_torch_dataset(data: Any) -> bool:
    """Whether it is a `torch.utils.data.Dataset`."""
    torch_data = sys.modules.get("torch.utils.data")
    return torch_data is not None and isinstance(data, torch_data.Dataset)


def arrays_of_items(data: Any, *, may_lack_y: bool = False) -> dict[str, NDArray[Any]]:
    """The items of a torch Dataset, stacked.

    Args:
        may_lack_y: items may be x alone, as those to predict.

    Returns:
        x of shape (N, ...), and y of shape (N, ...) where there is one.

    Raises:
        DataError: it has no length, or its items are no pairs of tensors, numbers or arrays of
            equal shapes.
    """
    torch_data = sys.modules["torch.utils.data"]
    if isinstance(data, torch_data.IterableDataset) or not hasattr(data, "__len__"):
        raise DataError(
            "a torch Dataset must have a length and items by number, but a "
            f"{type(data).__name__} has not; collect its items into tensors and give (x, y)"
        )
    n_items = _length(data)
    if n_items == 0:
        raise DataError(f"a torch Dataset must have items, but {type(data).__name__} is empty")
    pairs = [_pair(data, i, may_lack_y=may_lack_y) for i in range(n_items)]
    names = ("x", "y")[: len(pairs[0])]
    return {name: _stacked([pair[i] for pair in pairs], name) for i, name in enumerate(names)}


def _length(data: Any) -> int:
    try:
        return len(data)
    except Exception as error:  # it is a person's own code
        raise DataError(
            f"a torch Dataset must have a length, but that of {type(data).__name__} raised "
            f"{type(error).__name__}: {reason_of(error)}"
        ) from error


def _item(data: Any, index: int) -> Any:
    try:
        return data[index]
    except Exception as error:  # it is a person's own code
        raise DataError(
            f"a torch Dataset must give every item that its length promises, but item {index} of "
            f"{type(data).__name__} raised {type(error).__name__}: {reason_of(error)}"
        ) from error


def _pair(data: Any, index: int, *, may_lack_y: bool) -> tuple[NDArray[Any], ...]:
    item = _item(data, index)
    if not isinstance(item, (tuple, list)):
        item = (item,)
    if len(item) != 2 and not (may_lack_y and len(item) == 1):
        raise DataError(
            f"an item of a torch Dataset must be a pair (x, y), but item {index} of "
            f"{type(data).__name__} has {len(item)} parts; wrap it in one that gives pairs"
        )
    try:
        return tuple(_array(part) for part in item)
    except Exception as error:  # each kind of value raises its own
        raise DataError(
            "items of a torch Dataset must hold tensors, arrays or numbers, but item "
            f"{index} of {type(data).__name__} does not: {reason_of(error)}"
        ) from None


def _array(value: Any) -> NDArray[Any]:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.numpy()
    return np.asarray(value)


def _stacked(parts: list[NDArray[Any]], name: str) -> NDArray[Any]:
    shape = parts[0].shape
    odd = next((i for i, part in enumerate(parts) if part.shape != shape), None)
    if odd is not None:
        raise DataError(
            f"items of a torch Dataset must be of equal shapes, but {name} has shape {shape} in "
            f"item 0 and {parts[odd].shape} in item {odd}; crop, scale or pad them"
        )
    return np.stack(parts)
