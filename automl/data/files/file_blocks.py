"""A file of any size, block by block, as often as its bytes are wanted; gzip is unpacked."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from automl.data.files.file_bytes import opened, shown
from automl.errors import DataError

BLOCK_BYTES = 1 << 20

_END_MARK = b"\x1a"


class FileBlocks:
    """The bytes of a file, from its beginning at each call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = shown(path.name)

    def __call__(self) -> Iterator[bytes]:
        """Read it.

        Raises:
            DataError: it cannot be read, or is a damaged gzip.
        """
        with opened(self.path) as file:
            is_packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            source = gzip.GzipFile(fileobj=file) if is_packed else file
            while block := self._read(source):
                yield block

    def _read(self, source: BinaryIO | gzip.GzipFile) -> bytes:
        try:
            return source.read(BLOCK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{self.name} must be a whole gzip file, but it is damaged: {error}"
            ) from None

    def text(self, encoding: str) -> io.TextIOWrapper:
        """Its text, without the Ctrl-Z by which DOS marked the end of one."""
        blocks = self() if encoding.startswith(("utf-16", "utf-32")) else _without_end(self())
        # Line ends of all systems divide lines; those inside quoted cells stay as they are.
        return io.TextIOWrapper(io.BufferedReader(_Stream(blocks)), encoding, newline="")


class _Stream(io.RawIOBase):
    """Blocks as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        target = memoryview(buffer)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _without_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""  # marks that may be the last ones
    for block in blocks:
        kept = block.rstrip(_END_MARK)
        if kept:
            yield held + kept
            held = b""
        held += block[len(kept) :]
