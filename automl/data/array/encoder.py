"""What a study of arrays keeps to read rows to predict: the shape and the type of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.array.inputs import ArrayEncoding, ArrayInputs
from automl.data.array.items import arrays_of_items, is_torch_dataset
from automl.data.array.values import network_values, shape_words
from automl.data.arrays import plain_array
from automl.data.encoders import Encoder, NewRows
from automl.data.files.npz_files import read_npz
from automl.data.reading_notes import ReadingNotes
from automl.errors import DataError
from storage.records import Json


@dataclass(frozen=True, slots=True)
class ArrayEncoder(Encoder):
    """The encoding of a fold of arrays: values as they are."""

    kind = "array"
    array_encoding: ArrayEncoding

    @classmethod
    def fit(cls, train: NDArray[Any]) -> ArrayEncoder:
        """Of train rows, as `network_values` makes them."""
        deviation = float(train.std(dtype=np.float64)) or 1.0
        mean = float(train.mean(dtype=np.float64))
        return cls(ArrayEncoding(train.shape[1:], train.dtype == np.int64, mean, deviation))

    @property
    def encoding(self) -> ArrayEncoding:
        """The shape of rows."""
        return self.array_encoding

    def inputs(self, rows: NDArray[Any]) -> ArrayInputs:
        """Rows as `network_values` makes them."""
        return ArrayInputs(torch.from_numpy(rows))

    def read(self, data: Any, others: Sequence[ArrayEncoder] = ()) -> NewRows:
        """Read rows of the shape that the model was trained on.

        Args:
            data: an array, tensor, torch Dataset, .npz file, (x, y), or mapping with x.
        """
        array = np.asarray(plain_array(_rows_of(data), "x"))
        shape = self.array_encoding.shape
        if array.shape[1:] != shape:
            raise DataError(
                f"rows to predict must be of the shape that the model was trained on, (N, "
                f"{', '.join(map(str, shape))}), but they have shape {array.shape}"
            )
        values = network_values(array, "x")
        is_whole = values.dtype == np.int64
        if self.array_encoding.is_whole and not is_whole:
            raise DataError(
                f"the model reads integers, as those of training, but x has type {array.dtype}; "
                f"convert rows of {shape_words(shape)} to int64"
            )
        if is_whole and not self.array_encoding.is_whole:
            values = values.astype(np.float32)
        return NewRows(values, ReadingNotes(len(values)))

    def to_state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Json]]:
        """Plain values alone."""
        state = asdict(self.array_encoding)
        return {}, {**state, "shape": list(self.array_encoding.shape)}

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
    ) -> ArrayEncoder:
        """The inverse of `to_state`."""
        return cls(
            ArrayEncoding(
                tuple(map(int, state["shape"])),
                bool(state["is_whole"]),
                float(state["mean"]),
                float(state["deviation"]),
            )
        )


def _rows_of(data: Any) -> Any:
    """The x of whatever holds rows to predict."""
    if is_torch_dataset(data):
        return arrays_of_items(data, may_lack_y=True)["x"]
    if isinstance(data, (str, Path)):
        data = read_npz(Path(data))
    if isinstance(data, tuple) and len(data) == 2:
        return data[0]
    if not isinstance(data, Mapping):
        return data
    given = {str(key).lower(): value for key, value in data.items()}
    for name in ("x", "x_test"):
        if name in given:
            return given[name]
    raise DataError(f"rows to predict must have the key x, but there are {', '.join(given)}")
