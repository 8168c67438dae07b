"""A file is written whole or not at all, whatever is killed and whenever a disk is full.

What is written goes under a temporary name in the same folder, is brought to the disk and then
renamed: who reads finds what was there before, or all of the new.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_whole(final: Path, content: BinaryIO, temporary: Path, *, mode: int = 0o666) -> None:
    """Write a file, or leave what is there as it is.

    Args:
        temporary: a name that is free, in the same folder.
        mode: permissions of the file, of which the process's umask takes some; `tempfile` would
            give others.

    Raises:
        OSError: it cannot be written.
    """
    with writing_whole(final, temporary, mode=mode) as file:
        shutil.copyfileobj(content, file)


@contextlib.contextmanager
def writing_whole(final: Path, temporary: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a file piece by piece, or leave what is there as it is; as `write_whole`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
