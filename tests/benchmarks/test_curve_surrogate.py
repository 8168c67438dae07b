"""The weights of an ONNX file, read by hand."""

from __future__ import annotations

import numpy as np

from benchmarks.curve_surrogate import _read_weights


def varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def test_tensors_are_read_by_name_and_shape() -> None:
    """Among fields of every kind that are not needed."""
    first = np.arange(600, dtype="<f4").reshape(2, 300)
    second = np.array([0.5], "<f4")
    tensors = b"".join(
        field(
            5,
            b"".join(field(1, size) for size in array.shape)
            + field(2, 1)
            + field(8, name.encode())
            + field(9, array.tobytes()),
        )
        for name, array in (("one", first), ("two", second))
    )
    others = bytes([3 << 3 | 5]) + b"1234" + bytes([4 << 3 | 1]) + b"12345678" + field(6, b"x")
    read = _read_weights(field(1, 300) + field(7, others + tensors) + others)
    assert read.keys() == {"one", "two"}
    np.testing.assert_array_equal(read["one"], first)
    np.testing.assert_array_equal(read["two"], second)
