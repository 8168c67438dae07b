from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from automl.data.files.npz_files import parse_npz
from automl.errors import DataError


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npz_with_header(header: str, body: bytes = b"") -> bytes:
    """An archive whose array "x" has the header that is given, whatever its body."""
    text = header.encode("latin-1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(
            "x.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body
        )
    return stream.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.array([["a", "이름"], ["c", ""]]),
        np.array(["2021-01-05", "9999-12-31"], dtype="datetime64[D]"),
        np.array([1, 2], dtype=">i4"),
        np.array([True, False]),
        np.float16([1.5, 2.5]),
        np.zeros((0, 3)),
        np.array(7),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_plain_arrays_come_back(array: Any, save: Any) -> None:
    stream = io.BytesIO()
    save(stream, x=array)
    read = parse_npz(stream.getvalue(), "t.npz")["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz(x=np.array([{}], dtype=object)), "'x' holds Python objects"),
        (npz(x=np.zeros(3, dtype=[("a", "i4"), ("b", "f8")])), "'x' holds records"),
        (npz(x=np.zeros(3, dtype="V8")), "'x' holds records"),
        (npz(x=np.zeros(3, dtype=complex)), "'x' holds complex numbers"),
        (
            npz_with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"),
            r"'x' has 0 bytes and its shape \(1000000000000,\) needs 8,000,000,000,000",
        ),
        (
            npz_with_header(
                "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 5)}", bytes(40)
            ),
            "needs",
        ),
        (npz_with_header("{'descr': '<f8', 'shape': ()}"), "plain arrays"),
        (npz_with_header("[" * 5000), "plain arrays"),
        (npz_with_header("{'descr': 'nonsense', 'fortran_order': 1, 'shape': 3}"), "plain arrays"),
        (npz(x=np.arange(100))[:-60], "plain arrays"),
        (b"PK\x03\x04 not really", "plain arrays"),
    ],
)
def test_other_arrays_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        parse_npz(content, "t.npz")
    assert "\n" not in str(raised.value)


def test_an_archive_unpacks_up_to_a_limit() -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros(1 << 18))  # 2 MiB in a few kilobytes
    assert parse_npz(stream.getvalue(), "t.npz", limit=3 << 20)["x"].size == 1 << 18
    with pytest.raises(DataError, match="at most 1 MiB"):
        parse_npz(stream.getvalue(), "t.npz", limit=1 << 20)
