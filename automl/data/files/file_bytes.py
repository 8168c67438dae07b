"""The bytes of a data file: only of what is a file, unpacked only up to a limit.

A pipe or a device would hang a search, a few kilobytes can unpack to more than the memory:
both are refused here, before anything is read into tables. What cannot be
printed of a name is shown as its escape.
"""

from __future__ import annotations

import difflib
import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from automl.errors import DataError
from automl.wording.printable import one_line

MAX_UNPACKED_BYTES = 1 << 30
"""Compressed data may unpack to 1 GiB.

Reading takes up to five times that for a while, which a machine of 8 GB still has; a file
that needs more can be unpacked by hand, and then its size is there to be seen.
"""

_PIECE = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def shown(text: Path | str) -> str:
    """A name as it can be printed and stored: what is not printable becomes its escape."""
    return one_line(str(text))


def read_bytes(path: Path, *, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """Read a file, unpacked where its first bytes say gzip, whatever its name.

    Args:
        limit: most bytes that a gzip may unpack to.

    Raises:
        DataError: the file is missing, no regular file, unreadable, empty, a damaged gzip, or
            one that unpacks to more than the limit.
    """
    content = _regular_file(path)
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(content, shown(path.name), limit)
    if not content.strip(b" \t\r\n\x00"):
        raise DataError(f"a data file must have a header and rows, but {shown(path)!r} is empty")
    return content


def refuse_bomb(n_bytes: int, name: str, limit: int = MAX_UNPACKED_BYTES) -> None:
    """Refuse a file that says that it unpacks to more than the limit."""
    if n_bytes > limit:
        raise DataError(
            f"compressed data must unpack to at most {limit >> 20:,} MiB, but {name} unpacks to "
            "more; unpack it first, or take fewer rows or columns"
        )


def _regular_file(path: Path) -> bytes:
    with opened(path) as file:
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read.

    Raises:
        DataError: it is missing, no regular file, or cannot be read, also later on.
    """
    try:
        mode = path.stat().st_mode
        for is_kind, kind in _KINDS:
            if is_kind(mode):
                raise DataError(f"data must be a file, but {shown(path)!r} is {kind}")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise DataError(
            f"a data file must exist, but there is no {shown(path)!r}{_nearest(path)}"
        ) from None
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"a data file must be readable, but {shown(path)!r} is not: {reason}"
        ) from None


def _nearest(path: Path) -> str:
    try:
        beside = [each.name for each in path.parent.iterdir()]
    except OSError:  # the folder is missing, or is not ours to read
        beside = []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"; did you mean {shown(path.with_name(near[0]))!r}?" if near else "; check the path"


def _unpacked(content: bytes, name: str, limit: int) -> bytes:
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            while piece := stream.read(_PIECE):
                unpacked.write(piece)
                refuse_bomb(unpacked.tell(), name, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} must be a whole gzip file, but it is damaged: {error}") from None
    return unpacked.getvalue()
