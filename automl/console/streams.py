"""What reaches the terminal: printable characters only, and no failure on the way.

Names of columns, classes, studies and files are other people's texts. Written raw to a terminal
they could clear it, fill the clipboard, or turn a line around. So all that a command writes to
stdout and stderr goes through a `SafeStream`: what is not printable is shown as its escape
(`\\x1b`), what the stream's encoding lacks likewise. Only what rich draws passes as it is, since
colours are such characters too; automl/console/terminal.py makes the texts in it printable first.

A stream that is closed, full or a pipe without reader does not end the work: what is lost is
remembered, and told at the end (automl/console/command_group.py).
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from automl.wording.printable import printable


class SafeStream(io.TextIOBase):
    """Stdout or stderr while a command runs.

    Attributes:
        failure: why something could not be written; None if all was.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream  # None where the process was started with the stream closed
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, made printable."""
        self.write_drawn(printable(text))
        return len(text)

    def write_drawn(self, text: str) -> None:
        """Write what is printable already, or drawn for a terminal."""
        if self.failure is not None or not text:
            return
        if self._stream is None:
            self.failure = OSError(errno.EBADF, os.strerror(errno.EBADF))
            return
        encoding = self._stream.encoding or "utf-8"
        with self._guarded():
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def write_bytes(self, content: bytes) -> None:
        """Write what is to be read by programs as it is; to a terminal as `write` does."""
        if self.isatty():
            self.write(content.decode("utf-8", "replace"))
            return
        if self.failure is not None:
            return
        if self._stream is None:
            self.failure = OSError(errno.EBADF, os.strerror(errno.EBADF))
            return
        with self._guarded():
            self._stream.flush()
            self._stream.buffer.write(content)
            self._stream.buffer.flush()

    def flush(self) -> None:
        """Hand on what is buffered."""
        if self._stream is not None and self.failure is None:
            with self._guarded():
                self._stream.flush()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: closed on the way
            known = isinstance(error, OSError)
            self.failure = cast("OSError", error) if known else OSError(errno.EBADF, str(error))
            self._let_go()

    def _let_go(self) -> None:
        """Point the stream to nowhere: Python flushes it at its end, and would fail again."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, cast("TextIO", self._stream).fileno())
            os.close(nowhere)

    @property
    def drawn(self) -> TextIO:
        """The stream as rich writes to it."""
        return cast("TextIO", _Drawn(self))

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream behind."""
        return (self._stream and self._stream.encoding) or "utf-8"

    def isatty(self) -> bool:
        """Whether a terminal is behind."""
        return self._stream is not None and self.failure is None and self._stream.isatty()

    def writable(self) -> bool:
        """Text can always be given."""
        return True


class _Drawn:
    """A `SafeStream` that takes the codes of a terminal."""

    def __init__(self, stream: SafeStream) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write_drawn(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def safe_streams() -> Iterator[tuple[SafeStream, SafeStream]]:
    """Put safe streams in the place of stdout and stderr."""
    _fill_closed()
    streams = SafeStream(sys.stdout), SafeStream(sys.stderr)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams
    try:
        yield streams
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before


def _fill_closed() -> None:
    """Open nothing under the numbers of closed streams: a database could come to lie there.

    Whatever a library then prints would be written into it.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        for number in range(3):
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
