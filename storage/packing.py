"""Epochs and layers as compact bytes: 500,000 epochs in 26 MB instead of 60.

A row of `automl_epochs` holds 10 epochs of a run, one column after the other:

    epoch, step                             10 little-endian uint32 each
    train_loss, valid_loss                  10 float64 each
    the six other numbers                   10 float32 each, in the order of `SINGLE_COLUMNS`

The row has its full length from the first epoch on, so that later ones change it in place;
the epochs that have not happened are zeros. Losses come back exactly, everything else to
six significant digits, mostly seven. A row of `automl_layers` holds seven float32 per layer,
in the order of `LAYER_COLUMNS`; the layers' names are with the run.

All rows of a study are unpacked at once, since NumPy needs as long for a few numbers as for many.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from storage.errors import StorageError
from storage.records import EpochRecord, LayerGradientRecord

BLOCK_EPOCHS = 10
"""Epochs in one row of 480 bytes: eight rows fill a page of SQLite's 4 kB."""

WHOLE_COLUMNS = ("epoch", "step")
LOSS_COLUMNS = ("train_loss", "valid_loss")
SINGLE_COLUMNS = (
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

_BLOCK = np.dtype(
    [
        *((name, "<u4", BLOCK_EPOCHS) for name in WHOLE_COLUMNS),
        *((name, "<f8", BLOCK_EPOCHS) for name in LOSS_COLUMNS),
        *((name, "<f4", BLOCK_EPOCHS) for name in SINGLE_COLUMNS),
    ]
)
_LARGEST = float(np.finfo(np.float32).max)

_EXACT_COLUMNS = (*WHOLE_COLUMNS, *LOSS_COLUMNS)
_of_epoch = attrgetter(*_EXACT_COLUMNS, *SINGLE_COLUMNS)
_of_layer = attrgetter(*LAYER_COLUMNS)


def _row_of(n_epochs: int) -> struct.Struct:
    """A row of so many epochs as `struct` knows it, where each column is filled up with zeros.

    A search packs row after row, and NumPy takes ten times as long.
    """
    sizes = [_BLOCK[name].base for name in (*_EXACT_COLUMNS, *SINGLE_COLUMNS)]
    missing = BLOCK_EPOCHS - n_epochs
    columns = (f"{n_epochs}{size.char}{missing * size.itemsize}x" for size in sizes)
    return struct.Struct("<" + "".join(columns))


_ROWS = tuple(map(_row_of, range(BLOCK_EPOCHS + 1)))

Layers: TypeAlias = tuple[LayerGradientRecord, ...]


def pack_epochs(epochs: Sequence[EpochRecord]) -> bytes:
    """Up to ten epochs of one run as a row's bytes."""
    row = _ROWS[len(epochs)]
    values = list(chain.from_iterable(zip(*map(_of_epoch, epochs), strict=True)))
    try:
        return row.pack(*values)
    except OverflowError:
        n_exact = len(epochs) * len(_EXACT_COLUMNS)
        return row.pack(*values[:n_exact], *map(_within_float32, values[n_exact:]))


def check_epochs(data: object, n_epochs: object) -> None:
    """Refuse what is no row of epochs.

    Raises:
        ValueError: the bytes, or their number, are damaged.
    """
    n_bytes = len(data) if isinstance(data, bytes) else None
    is_number = type(n_epochs) is int and 1 <= n_epochs <= BLOCK_EPOCHS
    if n_bytes != _BLOCK.itemsize or not is_number:
        found = repr(data)[:40] if n_bytes is None else f"{n_bytes} bytes"
        raise ValueError(
            f"a row of epochs must have {_BLOCK.itemsize} bytes for 1 to {BLOCK_EPOCHS} epochs, "
            f"but has {found} for {n_epochs!r:.40}"
        )


def unpack_epochs(
    rows: Sequence[tuple[int, bytes, int]], layers: Mapping[tuple[int, int], Layers]
) -> list[EpochRecord]:
    """The epochs of rows that `check_epochs` has passed, one after the other.

    Args:
        rows: run, bytes and number of epochs of each.
        layers: that were measured, by run and epoch.
    """
    blocks = np.frombuffer(b"".join(data for _, data, _ in rows), _BLOCK)
    n_epochs = np.array([n for *_, n in rows], dtype=np.int64)
    has_happened = np.arange(BLOCK_EPOCHS) < n_epochs[:, None]  # (rows, epochs of a row)
    runs = np.repeat([run_id for run_id, *_ in rows], n_epochs).tolist()
    exact = [blocks[name][has_happened].tolist() for name in (*WHOLE_COLUMNS, *LOSS_COLUMNS)]
    singles = _as_written(np.stack([blocks[name][has_happened] for name in SINGLE_COLUMNS]))
    measured = [layers.get(moment, ()) for moment in zip(runs, exact[0], strict=True)]
    return list(map(EpochRecord, runs, *exact, *singles, measured))


def layer_names(layers: Sequence[LayerGradientRecord]) -> str:
    """The names of a run's layers as they are kept: from the input on, one a line.

    Raises:
        StorageError: the layers are not numbered 0, 1, 2, ...
    """
    ordered = sorted(layers, key=_layer)
    if [one.layer for one in ordered] != list(range(len(ordered))):
        numbers = [one.layer for one in layers]
        raise StorageError(f"Layers must be numbered 0, 1, 2, ..., but got {numbers}.")
    return "\n".join(one.name for one in ordered)


def pack_layers(layers: Sequence[LayerGradientRecord]) -> bytes:
    """The layers of one moment as bytes."""
    ordered = sorted(layers, key=_layer)
    values = list(chain.from_iterable(map(_of_layer, ordered)))
    try:
        return struct.pack(f"<{len(values)}f", *values)
    except OverflowError:
        return struct.pack(f"<{len(values)}f", *map(_within_float32, values))


def check_layers(data: object, names: object) -> None:
    """Refuse what are no layers of one moment.

    Raises:
        ValueError: the bytes are damaged, or are not of the layers of these names.
    """
    n_layers = names.count("\n") + 1 if isinstance(names, str) else None
    n_bytes = len(data) if isinstance(data, bytes) else None
    if n_layers is None or n_bytes != 4 * len(LAYER_COLUMNS) * n_layers:
        found = repr(data)[:40] if n_bytes is None else f"{n_bytes} bytes"
        raise ValueError(
            f"a row of layers must have {4 * len(LAYER_COLUMNS)} bytes for each layer of its run, "
            f"but has {found} for the layers {names!r:.40}"
        )


def unpack_layers(moments: Sequence[tuple[bytes, str]]) -> list[Layers]:
    """The layers of moments that `check_layers` has passed: of their bytes, and their names."""
    values = np.frombuffer(b"".join(data for data, _ in moments), "<f4")
    rows = iter(_as_written(values.reshape(-1, len(LAYER_COLUMNS))))  # each moment takes its own
    return [
        tuple(
            LayerGradientRecord(layer, name, *row)
            for layer, (name, row) in enumerate(zip(names.split("\n"), rows, strict=False))
        )
        for _, names in moments
    ]


def _layer(record: LayerGradientRecord) -> int:
    return record.layer


def _within_float32(value: float) -> float:
    """What is too large for float32 stays finite."""
    return max(-_LARGEST, min(value, _LARGEST)) if math.isfinite(value) else value


def _as_written(values: NDArray[np.float32]) -> list[Any]:
    """Numbers as people wrote them: 0.05, where float32 has 0.05000000074505806.

    Six digits always survive float32 (C's FLT_DIG), seven mostly: so six where they name the
    stored number, else seven.
    """
    table = values.astype(np.float64)
    shown = np.isfinite(table) & (table != 0)
    six, seven = (_rounded(table[shown], n_digits) for n_digits in (6, 7))
    with np.errstate(over="ignore"):  # the largest numbers round up to infinity
        table[shown] = np.where(six.astype(np.float32) == values[shown], six, seven)
    rounded: list[Any] = table.tolist()
    return rounded


def _rounded(values: NDArray[np.float64], n_digits: int) -> NDArray[np.float64]:
    """Round to significant digits."""
    digits = n_digits - 1 - np.floor(np.log10(np.abs(values)))
    up, down = 10.0 ** np.maximum(digits, 0), 10.0 ** np.maximum(-digits, 0)
    return np.asarray(np.round(values * up / down) * down / up)
