"""Arrays from .npz files, read without trusting them.

NumPy allocates what a header claims before it looks at the data, so the header is compared
with the size of the archive's member first. Objects are not read: they are pickles, and
reading them would run code of whoever wrote the file.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from automl.data.files.file_bytes import MAX_UNPACKED_BYTES, read_bytes, refuse_bomb, shown
from automl.errors import DataError, reason_of

_PLAIN_KINDS = "biufSUMm"  # booleans, numbers, texts, moments, durations
_REFUSED = {
    "O": "Python objects, which would run code; save numbers or texts",
    "V": "records of several fields; save each field as an array of its own",
    "c": "complex numbers; save real and imaginary parts as two columns",
}


def is_npz(path: Path) -> bool:
    """Whether a file is called like an archive of arrays: .npz, or .npz.gz."""
    bare = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return bare.suffix.lower() == ".npz"


def read_npz(path: Path) -> dict[str, Any]:
    """The arrays of a file by their names.

    Raises:
        DataError: as for `read_bytes` and `parse_npz`.
    """
    return parse_npz(read_bytes(path), shown(path.name))


def parse_npz(content: bytes, name: str, *, limit: int = MAX_UNPACKED_BYTES) -> dict[str, Any]:
    """Read the arrays of an .npz file by their names.

    Raises:
        DataError: no such file, a damaged one, one that unpacks to more than the limit, or
            arrays of objects, records or complex numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            refuse_bomb(sum(member.file_size for member in members), name, limit)
            return {
                member.filename.removesuffix(".npy"): _array(archive, member, name)
                for member in members
            }
    except DataError:
        raise
    except Exception as error:  # zipfile and NumPy raise many kinds for damaged files
        reason = reason_of(error)
        raise DataError(f"{name} must be an .npz of plain arrays, but: {reason}") from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    with archive.open(member) as stream:
        shape, is_fortran, dtype = _header(stream)
        title = member.filename.removesuffix(".npy")
        if dtype.kind not in _PLAIN_KINDS:
            what = _REFUSED.get(dtype.kind, f"values of type {dtype}")
            raise DataError(f"{name} must be an .npz of plain arrays, but {title!r} holds {what}")
        body = stream.read()
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != len(body):
        raise DataError(
            f"{name} must be an .npz of plain arrays, but {title!r} has {len(body):,} bytes and "
            f"its shape {shape} needs {claimed:,}; save it again"
        )
    order: Any = "F" if is_fortran else "C"
    return np.frombuffer(body, dtype=dtype, count=math.prod(shape)).reshape(shape, order=order)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError("it holds records, or something newer than NumPy's format 2.0")
