"""Files that a person names for what a command makes: written whole, and over nothing of theirs.

A mistyped `-o` must not cost a database, a table or a page that somebody else wrote. So a name
is free where nothing is, and a file is replaced only if it is empty or of the very kind that is
about to be written; each kind says how it knows its own. Predictions cannot be told from a
person's own table, so that of these none is replaced unless the person says so (`force`).
Refused everywhere, whatever is said: files that the command reads, databases, and whatever lies
in a folder of artifacts. A link is followed, and what it points at is judged, its ending too: an
empty file may be the log of a database that another process has open.

`check_output` is called before the work begins, `write_output` or `writing_output` when there is
something to write: under a new name beside the file, brought to the disk, then renamed, so that
a full disk or a killed process leaves what was there. Folders that are missing are made.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from uuid import uuid4

from automl.errors import AutoMLError, OutputError
from storage.whole_files import writing_whole

ARTIFACTS = ".artifacts"  # how the names of folders of artifacts end, beside their databases

PAGE_MARK = b'<meta name="generator" content="automl-torch">'
"""In the head of every page that is written here."""

DATABASE_MARK = b"SQLite format 3\0"
"""What files of SQLite begin with."""

NOTHING: Mapping[str, str] = MappingProxyType({})

HEAD = 4096  # bytes in which a page has its mark; it stands in the first 700


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file that commands write."""

    name: str  # in messages, as "an HTML page"
    endings: tuple[str, ...]
    is_own: Callable[[Path], bool] | None  # whether this program wrote a file; None: who knows


def is_page(path: Path) -> bool:
    """Whether a file is a page that this program wrote."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return head.startswith(b"<!doctype html>") and PAGE_MARK in head


PAGE = FileKind("an HTML page", (".html", ".htm"), is_page)


def check_output(
    path: str | Path, kind: FileKind, spared: Mapping[str, str] = NOTHING, *, force: bool = False
) -> Path:
    """Find out whether a file can be written, before there is anything to write.

    Args:
        spared: files that must stay even if they are of this kind, each with what it is: those
            that a command reads.
        force: replace what is there otherwise, unless it is a database.

    Returns:
        Where it will be written: the path, or what a link there points at.

    Raises:
        OutputError: it cannot be written, or something would be lost.
    """
    shown = repr(str(path))
    _refuse_ending(shown, str(path), kind)
    try:
        final = Path(path).resolve()
        _refuse_ending(f"{shown}, a link to {final.name!r}", final.name, kind)
        _refuse_loss(shown, final, kind, spared, force=force)
        temporary = temporary_in(_nearest_folder(final))
        temporary.touch(exist_ok=False)
        temporary.unlink()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{shown} cannot be written: {cause_of(error, path)}") from error
    return final


def write_output(
    path: str | Path, content: bytes, kind: FileKind, spared: Mapping[str, str] = NOTHING
) -> Path:
    """Write a file whole, or leave what is there as it is.

    Returns:
        The path as it was given.

    Raises:
        OutputError: as `check_output` says, or the disk is full.
    """
    with writing_output(path, kind, spared) as file:
        file.write(content)
    return Path(path)


@contextmanager
def writing_output(
    path: str | Path, kind: FileKind, spared: Mapping[str, str] = NOTHING, *, force: bool = False
) -> Iterator[BinaryIO]:
    """Write a file piece by piece; where the block raises, what is there stays as it is.

    Raises:
        OutputError: as `check_output` says, or the disk is full.
    """
    final = check_output(path, kind, spared, force=force)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with writing_whole(final, temporary_in(final.parent)) as file:
            yield file
    except OSError as error:
        if isinstance(error, AutoMLError):
            raise
        raise OutputError(
            f"{str(path)!r} cannot be written: {cause_of(error, path)}; "
            "what was there is unchanged"
        ) from error


def _refuse_ending(shown: str, name: str, kind: FileKind) -> None:
    if not name.lower().endswith(kind.endings):
        raise OutputError(
            f"{kind.name} is written to a file that ends in {', '.join(kind.endings[:-1])} or "
            f"{kind.endings[-1]}, but got {shown}"
        )


def _refuse_loss(
    shown: str, final: Path, kind: FileKind, spared: Mapping[str, str], *, force: bool
) -> None:
    for other, what in spared.items():
        if _is_same(final, Path(other)):
            raise OutputError(f"what a command reads stays, but {shown} is {what}: name another")
    refuse_artifacts(shown, final.parent, "a file")
    try:
        found = final.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no plain file"
        raise OutputError(f"{kind.name} is written to a file, but {shown} is {what}: name another")
    if not os.access(final, os.W_OK):
        raise OutputError(f"{shown} cannot be written: it is read-only")
    if not found.st_size:
        return
    if kind.is_own is None:
        _refuse_existing(shown, final, force=force)
        return
    if force or _is_own(final, kind.is_own):
        return
    raise OutputError(
        f"a file is replaced only if this program wrote it, as {kind.name}, but {shown} is "
        "something else: name another, or move it away"
    )


def _refuse_existing(shown: str, final: Path, *, force: bool) -> None:
    """Files of a kind that is like a person's own."""
    with final.open("rb") as file:
        is_database = file.read(len(DATABASE_MARK)) == DATABASE_MARK
    if is_database:
        raise OutputError(f"a database is never replaced, but {shown} is one: name another")
    if not force:
        raise OutputError(
            f"a file is replaced only with --force, but {shown} exists: name another, or add "
            "--force"
        )


def _is_own(path: Path, is_own: Callable[[Path], bool]) -> bool:
    """What cannot be read or understood is somebody else's."""
    try:
        return is_own(path)
    except (OSError, ValueError, EOFError, zlib.error):
        return False


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path == other.resolve() or path.samefile(other)
    except (OSError, ValueError, RuntimeError):
        return False


def _nearest_folder(path: Path) -> Path:
    """The folder of a file, or the one in which folders will be made for it."""
    return next(parent for parent in path.parents if parent.exists())


def refuse_artifacts(shown: str, folder: Path, what: str) -> None:
    """Refuse what would be written into a folder of artifacts.

    Args:
        folder: an absolute one.
        what: is to be written: "a file".

    Raises:
        OutputError: it is one, or in one.
    """
    if any(one.name.endswith(ARTIFACTS) for one in (folder, *folder.parents)):
        raise OutputError(
            f"a folder of artifacts holds the models of studies and nothing else, but {shown} "
            f"is in one: name {what} elsewhere"
        )


def temporary_in(folder: Path) -> Path:
    """A name that is free, and short where the own one is as long as one can be."""
    return folder / f".automl-{uuid4().hex}.part"


def cause_of(error: Exception, path: str | Path) -> str:
    """Why a file or a folder cannot be written, for the end of a message."""
    if isinstance(error, NotADirectoryError):
        return f"{str(Path(path).parent)!r} is no folder"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
