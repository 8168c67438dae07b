"""What a worker process writes: kept for its last words, and no more of it than is needed.

A person's network may print at every step. The file has no name, so nobody else would notice
how large it grows.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading

MOST_BYTES = 4_000_000
"""How long the file may grow."""

KEPT_BYTES = 100_000
"""What is kept of one that is too long: far more than the lines a process is in when it hangs,
or than what it says when it ends."""


class ProcessOutput:
    """A file that a process writes to and another reads, which `bound` keeps short.

    Attributes:
        descriptor: for the process that writes. It appends, so that its place follows the end.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._open = threading.Lock()
        self.descriptor = self._file.fileno()
        flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags | os.O_APPEND)

    @property
    def n_bytes(self) -> int:
        """How much is kept."""
        return os.fstat(self.descriptor).st_size

    def written(self, start: int = 0) -> str:
        """What has been written, from a byte on; all that is kept if it was shortened since."""
        size = self.n_bytes
        start = start if start <= size else 0
        return os.pread(self.descriptor, size - start, start).decode(errors="replace")

    def bound(self) -> None:
        """Keep the end only of what is too long. Another thread may call this.

        What is written in the very moment may be lost, or stand before what came earlier.
        """
        with self._open:
            if self._file.closed or self.n_bytes <= MOST_BYTES:
                return
            end = os.pread(self.descriptor, KEPT_BYTES, self.n_bytes - KEPT_BYTES)
            os.ftruncate(self.descriptor, 0)
            os.write(self.descriptor, end)

    def close(self) -> None:
        """Close this process's descriptor; the file is gone when the writer has ended too."""
        with self._open:
            self._file.close()
