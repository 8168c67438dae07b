"""The files of an exported folder, held against their manifest before anything is made of them.

A folder may come from anywhere. What its manifest names is read as bytes first: plain files under
plain names, each with the size and the SHA-256 that the manifest has of it, none missing, no link.
Of further files, such as predictions that someone keeps there, nothing is read. Hashes tell of
damage and of careless changes; whoever changes a file on purpose can change its hash too, so that
what is read is held against types and sizes all the same (`checking.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from automl.errors import AutoMLError, DataError
from storage.stored_values import PARSE_ERRORS, UnfitError, fitting, parse_json

MANIFEST: Final = "manifest.json"
FORMAT: Final = "automl-torch export"
VERSION: Final = 1

CACHE: Final = "__pycache__"
"""What Python leaves beside a module that it has imported; nothing of it is read here."""

MOST_MANIFEST_BYTES: Final = 2**20

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.[a-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file must be."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a folder but the manifest itself, by name."""

    format: str
    version: int
    files: Mapping[str, FileFacts]


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """The manifest of files, as its own file has it."""
    facts = {
        name: FileFacts(len(content), hashlib.sha256(content).hexdigest())
        for name, content in sorted(files.items())
    }
    return (json.dumps(asdict(Manifest(FORMAT, VERSION, facts)), indent=2) + "\n").encode()


def is_export(directory: Path) -> bool:
    """Whether a folder is an export of this program, whole or not, and holds nothing else."""
    try:
        manifest = read_manifest(directory)
        found = {one.name for one in directory.iterdir()}
    except (DataError, OSError):
        return False
    return found <= {*manifest.files, MANIFEST, CACHE}


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        DataError: there is none, or it is none of this program.
    """
    if not directory.is_dir():
        what = "a file" if directory.exists() else "not there"
        raise DataError(f"an export is a folder, but {str(directory)!r} is {what}")
    path = directory / MANIFEST
    if not os.path.lexists(path):
        raise DataError(
            f"an export has a {MANIFEST}, but {str(directory)!r} has none; make one with "
            "automl export"
        )
    with refused(directory, MANIFEST):
        content = _plain_content(path, MOST_MANIFEST_BYTES)
        manifest: Manifest = fitting(parse_json(content.decode()), Manifest)
        if manifest.format != FORMAT:
            raise UnfitError(f"its format must be {FORMAT!r}, but is {manifest.format[:60]!r}")
        if manifest.version != VERSION:
            raise UnfitError(
                f"this version reads exports of version {VERSION}, but it is of "
                f"{manifest.version}; export the study again"
            )
        for name in manifest.files:
            if not _NAME.fullmatch(name) or name == MANIFEST:
                raise UnfitError(f"files must have plain names, but one is {name[:80]!r}")
    return manifest


def read_files(directory: Path) -> dict[str, bytes]:
    """The contents of the files that a manifest names, by name, as they were written.

    Raises:
        DataError: one of them is missing, a link, or another one than was written.
    """
    manifest = read_manifest(directory)
    found = {one.name for one in directory.iterdir()}
    for name in sorted(manifest.files.keys() - found):
        raise DataError(f"all files of an export must be there, but {_of(directory, name)} is not")
    contents = {}
    for name, facts in manifest.files.items():
        with refused(directory, name):
            content = _plain_content(directory / name, facts.n_bytes)
            is_same = hashlib.sha256(content).hexdigest() == facts.sha256
            if len(content) != facts.n_bytes or not is_same:
                raise UnfitError("it is not the file that was written: its SHA-256 differs")
        contents[name] = content
    return contents


@contextlib.contextmanager
def refused(directory: Path, name: str) -> Iterator[None]:
    """Around what reads a file: whatever fails is the file's fault, and said in a line.

    Raises:
        DataError: something failed.
    """
    try:
        yield
    except (*PARSE_ERRORS, OSError, AutoMLError, MemoryError) as error:
        is_said = isinstance(error, UnfitError | AutoMLError)
        why = str(error) if is_said else f"it cannot be read ({type(error).__name__}: {error})"
        raise DataError(
            f"an export is read as it was written, but {_of(directory, name)} was changed or "
            f"damaged: {why[:300]}"
        ) from error


def _plain_content(path: Path, most_bytes: int) -> bytes:
    """A file that is no link and no device, and not larger than it should be."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if path.is_symlink():
        raise UnfitError("it is a link")
    with os.fdopen(os.open(path, flags), "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise UnfitError("it is no plain file")
        if facts.st_size > most_bytes:
            raise UnfitError(f"it has {facts.st_size:,} bytes instead of {most_bytes:,}")
        return file.read(most_bytes)


def _of(directory: Path, name: str) -> str:
    return f"{name[:80]!r} of {str(directory)!r}"
