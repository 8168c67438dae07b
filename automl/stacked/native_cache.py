"""Compiled kernels in the user's cache folder: whole and the user's own, or not taken.

    ~/.cache/automl-torch/kernels_KEY_CHECKSUM.so

A file gets its name once it is complete, on the disk, and has been tried out; the checksum in
the name says what was tried. Whatever is different now (cut off, altered, somebody else's) is
removed and built anew. Names of two processes that write at once do not meet before that.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from storage.whole_files import write_whole

MAX_BYTES = 2**26
"""The kernels have 88 KB; whatever is far larger is something else and not read."""

ABANDONED_SECONDS = 3600.0
"""An unfinished file of this age has no writer any more: to write one takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache has: the file's bytes, or why those that were there are not taken."""

    contents: bytes | None = None
    objection: str = ""


def cache_folder() -> Path:
    """Where kernels are kept; made if need be, for the user alone.

    Raises:
        OSError: it cannot be made, or others could put something there.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OSError(f"there is no home folder: {error}") from error
    folder = home / "automl-torch"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if objection := _objection(folder.stat()):
        raise PermissionError(f"{folder} {objection}")
    return folder


def read_kept(key: str) -> Kept:
    """The kernels of that key, if they are what was once tried out here.

    Raises:
        OSError: the folder cannot be used, see `cache_folder`.
    """
    objection = ""
    for path in sorted(cache_folder().glob(f"kernels_{key}_*.so")):
        try:
            return Kept(_read(path))
        except OSError as error:
            objection = f"{path} {error}"
            with contextlib.suppress(OSError):
                path.unlink()
    return Kept(None, objection)


def keep(key: str, contents: bytes) -> None:
    """Keep kernels that were tried out: either all of the file is there afterwards, or nothing.

    Raises:
        OSError: they cannot be kept.
    """
    folder = cache_folder()
    _remove_abandoned(folder)
    final = folder / f"kernels_{key}_{_checksum(contents)}.so"
    write_whole(final, io.BytesIO(contents), folder / f".kernels_{uuid4().hex}.part", mode=0o600)


def discard(key: str) -> None:
    """Remove kernels that are whole, but do not load any more."""
    with contextlib.suppress(OSError):
        for path in cache_folder().glob(f"kernels_{key}_*.so"):
            path.unlink()


def _read(path: Path) -> bytes:
    """A file's bytes; what is looked at and what is read is one open file.

    Raises:
        OSError: it is not what was kept.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        information = os.fstat(file.fileno())
        if not stat.S_ISREG(information.st_mode) or information.st_size > MAX_BYTES:
            raise OSError("is no compiled library")
        if objection := _objection(information):
            raise PermissionError(objection)
        contents = file.read()
    if _checksum(contents) != path.stem.rpartition("_")[2]:
        raise OSError("is damaged or was altered")
    return contents


def _objection(information: os.stat_result) -> str:
    """Why somebody else could have written this; "" if nobody but the user and root can."""
    if information.st_uid not in (0, os.geteuid()):
        return f"belongs to the user of number {information.st_uid}"
    if information.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(information.st_mode)
        return f"can be written by others (its mode is {mode:o}; chmod go-w mends it)"
    return ""


def _checksum(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(".kernels_*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()
