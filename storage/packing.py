"""Epochs and layers as compact bytes: 500,000 epochs in 20 MB instead of 60.

A row of `automl_epochs` holds up to 64 epochs of a run, one column after the other:

    epoch, step               n little-endian uint32 each
    the eight other numbers   n float64 each, in the order of `EPOCH_COLUMNS`

While the run goes on, the row holds these bytes as they are (encoding 0). When the run has
ended, they are stored byte plane by byte plane and deflated (encoding 1), which halves them.
A row of `automl_layers` holds eight float32 per layer, in the order of `LAYER_COLUMNS`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.errors import StorageError
from storage.records import EpochRecord, LayerGradientRecord

BLOCK_EPOCHS = 64
"""Epochs in one row: 4.6 kB at most, so that adding an epoch rewrites about one page."""

RAW, DEFLATED = 0, 1

EPOCH_COLUMNS = (
    "train_loss",
    "valid_loss",
    "valid_loss_standard_error",
    "train_metric",
    "valid_metric",
    "learning_rate",
    "gradient_norm",
    "seconds",
)

LAYER_COLUMNS = (
    "gradient_norm",
    "weight_norm",
    "update_ratio",
    "activation_mean",
    "activation_standard_deviation",
    "saturated_fraction",
    "dead_fraction",
)


def pack_epochs(epochs: Sequence[EpochRecord]) -> bytes:
    """Epochs of one run as bytes (encoding 0)."""
    whole = np.array([[one.epoch for one in epochs], [one.step for one in epochs]], dtype="<u4")
    numbers = np.array(
        [[getattr(one, name) for one in epochs] for name in EPOCH_COLUMNS], dtype="<f8"
    )
    return whole.tobytes() + numbers.tobytes()


def deflate(data: bytes, n_epochs: int) -> bytes:
    """Bytes of encoding 0 to encoding 1: like bytes side by side, then zlib."""
    head, numbers = data[: 8 * n_epochs], data[8 * n_epochs :]
    planes = np.frombuffer(head, "u1").reshape(-1, 4).T.tobytes()
    planes += (
        np.frombuffer(numbers, "u1")
        .reshape(len(EPOCH_COLUMNS), -1, 8)
        .transpose(0, 2, 1)
        .tobytes()
    )
    return zlib.compress(planes, 6)


def _inflate(data: bytes, n_epochs: int) -> bytes:
    planes = zlib.decompress(data)
    head, numbers = planes[: 8 * n_epochs], planes[8 * n_epochs :]
    whole = np.frombuffer(head, "u1").reshape(4, -1).T.tobytes()
    columns = np.frombuffer(numbers, "u1").reshape(len(EPOCH_COLUMNS), 8, -1)
    return whole + columns.transpose(0, 2, 1).tobytes()


def unpack_epochs(run_id: int, data: bytes, n_epochs: int, encoding: int) -> list[EpochRecord]:
    """Epochs of one row, without their layers.

    Raises:
        StorageError: the bytes are damaged.
    """
    try:
        data = _inflate(data, n_epochs) if encoding == DEFLATED else data
        whole = np.frombuffer(data[: 8 * n_epochs], "<u4").reshape(2, n_epochs).tolist()
        numbers = np.frombuffer(data[8 * n_epochs :], "<f8")
        columns = numbers.reshape(len(EPOCH_COLUMNS), n_epochs).tolist()
    except (ValueError, zlib.error) as error:
        raise StorageError(
            f"The epochs of run {run_id} must be packed as written, but are damaged ({error}). "
            f"Run `automl doctor`."
        ) from error
    return [EpochRecord(run_id, *values) for values in zip(*whole, *columns, strict=True)]


def pack_layers(layers: Sequence[LayerGradientRecord]) -> bytes:
    """The layers of one moment as bytes; their names and order are kept beside."""
    numbers = [
        [float(one.layer), *(getattr(one, name) for name in LAYER_COLUMNS)] for one in layers
    ]
    table: NDArray[np.float64] = np.array(numbers, dtype="<f8")
    limit = float(np.finfo(np.float32).max)
    finite = np.isfinite(table)
    table[finite] = np.clip(table[finite], -limit, limit)
    return table.astype("<f4").tobytes()


def unpack_layers(data: bytes, names: str) -> tuple[LayerGradientRecord, ...]:
    """The layers of one moment."""
    rows = np.frombuffer(data, "<f4").reshape(-1, len(LAYER_COLUMNS) + 1).tolist()
    return tuple(
        LayerGradientRecord(int(row[0]), name, *row[1:])
        for row, name in zip(rows, names.split("\n"), strict=True)
    )
