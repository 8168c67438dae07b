"""The structures by which the compiled kernels are told where everything lies.

Their fields are all 64 bits wide: counts, addresses of numbers, and some numbers
themselves. The kernels define
the same structures (`kernels/*.h`) and tell how theirs lie in memory (`kernels/layouts.h`); a
library whose structures are others would read and write anywhere, so it is not used.
"""

from __future__ import annotations

import ctypes
from typing import Final

from torch import Tensor


def _structure(name: str, *fields: str, real: str = "") -> type[ctypes.Structure]:
    """A structure of whole numbers and addresses; the field `real` is a double."""
    kinds = [(field, ctypes.c_double if field == real else ctypes.c_int64) for field in fields]
    return type(name, (ctypes.Structure,), {"_fields_": kinds})


Layer: Final = _structure(
    "Layer",
    *("n_units", "skips", "weights", "weight_gradients", "outputs", "slopes", "second"),
    *("normalized", "scales", "bias", "gain", "shift", "learned_slope", "statistics"),
    *("bias_gradient", "gain_gradient", "shift_gradient", "slope_gradient", "mixing"),
    *("mixing_gradient", "stream", "n_dropped"),
)
Network: Final = _structure(
    "Network",
    *("n_rows", "n_inputs", "n_outputs", "n_pieces", "n_layers", "activation"),
    *("normalization", "is_training", "is_frozen", "step", "layers", "inputs"),
    *("input_signals", "outputs", "output_gradients", "output_weights"),
    *("output_weight_gradients", "output_bias", "output_bias_gradients", "linear"),
    *("linear_signals", "signals", "signals_below", "row_offsets", "pair_offsets"),
    *("encoding", "input_gain", "input_gain_gradients", "ungained"),
    *("stream", "n_dropped", "own_share", "first_row", "n_members", "member_scale"),
    *("member_scale_gradients", "spread", "spread_signals"),
    real="own_share",
)
Encoding: Final = _structure(
    "Encoding",
    *("kind", "n_numbers", "size", "n_parts", "starts", "inverse_widths", "weights", "slopes"),
    *("bias", "phases", "weight_gradients", "slope_gradients", "bias_gradients"),
    *("phase_gradients", "columns", "space"),
)
Rows: Final = _structure(
    "Rows",
    *("n_columns", "n_embedded", "columns", "categories", "classes", "values", "weights"),
)
Embedding: Final = _structure(
    "Embedding",
    *("n_codes", "size", "numbers", "gradients"),
)
Stretch: Final = _structure(
    "Stretch",
    *("start", "stop", "is_penalized", "rate_factor"),
    real="rate_factor",
)
Update: Final = _structure(
    "Update",
    *("n_penalized", "n_parameters", "values", "gradients", "first", "second"),
    *("has_first", "has_second", "limits", "norm_sum", "n_stretches", "stretches"),
)
Lesson: Final = _structure(
    "Lesson",
    *("network", "rows", "embeddings", "loss", "smoothing", "class_weights"),
    *("classes", "values", "next_classes", "next_values", "next_gradients"),
    *("weights", "next_weights"),
)
Order: Final = _structure(
    "Order",
    *("stream", "counter", "n_rows", "offsets", "own_rows", "start", "space", "order"),
)
Epoch: Final = _structure(
    "Epoch",
    *("lesson", "update", "n_steps", "first_step", "bounds", "order", "coefficients"),
    *("before", "averages", "averaging", "n_averaged", "own_shares"),
)
Probe: Final = _structure(
    "Probe",
    *("lesson", "update", "n_rows", "index", "before", "saturated_above", "numbers"),
    real="saturated_above",
)
Scores: Final = _structure(
    "Scores",
    *("network", "rows", "embeddings", "loss", "n_rows", "start", "index", "n_pieces"),
    *("pieces", "range", "numbers"),
)

STRUCTURES: Final = (
    *(Layer, Network, Encoding, Rows, Embedding, Stretch, Update, Lesson, Order, Epoch, Probe),
    Scores,
)

Places = dict[tuple[str, str], tuple[int, int]]
"""Offset and size in bytes by structure and field; "" is the structure as a whole."""


class _FieldLayout(ctypes.Structure):
    """A row of what the library tells."""

    _fields_ = [
        ("structure", ctypes.c_char_p),
        ("field", ctypes.c_char_p),
        ("offset", ctypes.c_int64),
        ("size", ctypes.c_int64),
    ]


def check_layouts(library: ctypes.CDLL) -> None:
    """Refuse a library whose structures lie in memory otherwise than those here.

    Raises:
        OSError: the first structure and field that differ.
    """
    told, defined = _told(library), _defined()
    for name in dict.fromkeys((*defined, *told)):
        if told.get(name) != defined.get(name):
            structure, field = name
            what = f"field {field} of {structure}" if field else f"structure {structure}"
            raise OSError(
                f"the library's {what} {_words(told.get(name))}, but here it "
                f"{_words(defined.get(name))}: kernels/ and native_structures.py must agree"
            )


def _told(library: ctypes.CDLL) -> Places:
    """What the library tells of its own structures."""
    try:
        n_rows = ctypes.c_int64.in_dll(library, "n_field_layouts").value
        rows = (_FieldLayout * n_rows).in_dll(library, "field_layouts")
    except ValueError as error:
        raise OSError("the library does not tell how its structures lie in memory") from error
    return {(row.structure.decode(), row.field.decode()): (row.offset, row.size) for row in rows}


def _defined() -> Places:
    """The same of the definitions here."""
    places: Places = {}
    for structure in STRUCTURES:
        name = structure.__name__
        places[name, ""] = (0, ctypes.sizeof(structure))
        for field, *_ in structure._fields_:
            place = getattr(structure, field)
            places[name, field] = (place.offset, place.size)
    return places


def _words(place: tuple[int, int] | None) -> str:
    if place is None:
        return "does not exist"
    offset, size = place
    return f"has {size} bytes from byte {offset} on"


def address(values: Tensor | None) -> int:
    """Where a tensor's numbers begin; 0 for None."""
    return 0 if values is None else values.data_ptr()
