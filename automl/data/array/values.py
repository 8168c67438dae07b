"""The values of an array as a network takes them: as they are, in one of two types.

Floating point numbers become float32, and so do booleans (0 and 1) and bytes (uint8: 0 to 255).
Other integers become int64: codes, such as those of words, which embeddings read. Nothing is
scaled. What is missing or infinite is refused, since filling in is a person's choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.errors import DataError
from automl.wording.counts import agree, count


def network_values(array: NDArray[Any], role: str) -> NDArray[Any]:
    """A copy of values as float32 or int64, of the same shape.

    Args:
        role: what the array is called: "x", "x_test".

    Raises:
        DataError: it holds something else than finite numbers, or nothing.
    """
    if array.ndim < 2 or array.size == 0:
        raise DataError(f"{role} must have rows that hold numbers, but has shape {array.shape}")
    kind = array.dtype.kind
    if kind == "b" or array.dtype == np.uint8:
        return np.array(array, order="C", dtype=np.float32)
    if kind in "iu":
        if kind == "u" and array.max() > np.iinfo(np.int64).max:
            raise DataError(f"integers of {role} must fit into 64 bits, but one is {array.max()}")
        return np.array(array, order="C", dtype=np.int64)
    if kind != "f":
        raise DataError(f"{role} must hold numbers, but has values of type {array.dtype}")
    with np.errstate(over="ignore"):  # told below
        values = np.array(array, order="C", dtype=np.float32)
    _refuse_infinite(values, array, role)
    return values


def _refuse_infinite(values: NDArray[np.float32], given: NDArray[Any], role: str) -> None:
    wrong = ~np.isfinite(values)
    n_wrong = int(wrong.sum())
    if not n_wrong:
        return
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise DataError(
        f"{role} must hold finite numbers that fit into float32, but {count(n_wrong, 'value')} "
        f"{agree(n_wrong, 'does', 'do')} not, the first at {list(place)}: {given[place]:g}; fill "
        "in or leave out such rows"
    )


def shape_words(shape: tuple[int, ...]) -> str:
    """The shape of a row: "8 x 8", "64"."""
    return " x ".join(map(str, shape)) or "1"
