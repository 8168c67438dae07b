"""Files without a name: memory that worker processes inherit as a descriptor.

They are gone with the last process that holds one, whatever ends it, and the size of /dev/shm
sets no limit.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

from automl.errors import OutputError


def unnamed_file(name: str, n_bytes: int) -> int:
    """A descriptor of a file in memory (Linux), or of one that is deleted already.

    Args:
        name: for people who look into /proc; several files may have the same.
        n_bytes: its size; they are zero.

    Raises:
        OutputError: there is no room for so many bytes.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, n_bytes)
        if hasattr(os, "posix_fallocate"):  # so that a lack of memory is an error, not a SIGBUS
            os.posix_fallocate(descriptor, 0, n_bytes)
    except OSError as error:
        os.close(descriptor)
        raise OutputError(
            f"What processes share must have room in memory, but {n_bytes:,} bytes have none "
            f"({error.strerror}). Free memory, or raise the limit on the size of a file "
            "(`ulimit -f`)."
        ) from error
    return descriptor


@dataclass(frozen=True, slots=True)
class SharedBytes:
    """Some bytes in such a file, which do not fill a connection on which nobody listens yet."""

    descriptor: int
    n_bytes: int

    @classmethod
    def of(cls, contents: bytes) -> SharedBytes:
        """Write them into a new file."""
        descriptor = unnamed_file("automl-bytes", max(1, len(contents)))
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(contents)
        return cls(descriptor, len(contents))

    def read(self) -> bytes:
        """The bytes, for any process that holds the descriptor."""
        parts, n_read = [], 0
        while n_read < self.n_bytes:
            parts.append(os.pread(self.descriptor, self.n_bytes - n_read, n_read))
            n_read += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        """Close this process's descriptor."""
        os.close(self.descriptor)
