"""Files in the artifact folder: written whole or not at all, and checked when read.

A file is written under a temporary name, hashed on the way, brought to the disk and renamed
to its id, so that a killed process leaves no half file under a final name. What is read must
be a regular file of the size and hash that the database knows: no link, device or queue is
followed or waited for, whatever lies in the folder. It is also the artifact store that
`optuna.artifacts` and the dashboard expect: one folder, one file per id.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from optuna.artifacts.exceptions import ArtifactNotFound

from storage.errors import ArtifactError
from storage.processes import start_time
from storage.whole_files import write_whole

TEMPORARY_SUFFIX = ".part"

ABANDONED_SECONDS = 3600.0
"""A temporary file of another host that nobody has written to for so long is nobody's: the
largest networks are written in seconds."""

LONGEST_ID = 64
"""Characters of an id, as the column has room for; Optuna's and ours are UUIDs of 36."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a queue (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
)
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # a link may lead anywhere
    | getattr(os, "O_NONBLOCK", 0)  # a queue would be waited for
)


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """A folder of artifacts, made when the first one is written."""

    path: Path

    def file(self, artifact_id: str) -> Path:
        """Where an artifact lies.

        Raises:
            ArtifactError: the id is not the plain name of a file.
        """
        is_plain = Path(artifact_id).name == artifact_id and "\0" not in artifact_id
        if not is_plain or artifact_id in ("", ".", "..") or len(artifact_id) > LONGEST_ID:
            raise ArtifactError(
                f"An artifact id must be a plain name in {self.path}, but the database has "
                f"{artifact_id!r:.80}. Run `automl doctor`."
            )
        return self.path / artifact_id

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading (Optuna's interface)."""
        try:
            return _open_regular(self.file(artifact_id))
        except FileNotFoundError as error:
            raise ArtifactNotFound(f"There is no artifact {artifact_id}.") from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write an artifact whole, or not at all (Optuna's interface).

        Raises:
            ArtifactError: it cannot be written.
        """
        final = self.file(artifact_id)
        temporary = final.with_name(f"{artifact_id}.{_owner()}{TEMPORARY_SUFFIX}")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_whole(final, content_body, temporary)
        except OSError as error:
            raise ArtifactError(
                f"The artifact folder must be writable, but {final} cannot be written: "
                f"{error.strerror or error}. Make room for it, or mend {self.path}."
            ) from error

    def remove(self, artifact_id: str) -> None:
        """Delete an artifact's file, where it is one (Optuna's interface).

        What cannot be deleted stays, and `automl doctor` names it.
        """
        with contextlib.suppress(OSError, ArtifactError):
            self.file(artifact_id).unlink()

    def read_checked(self, artifact_id: str, sha256: str, n_bytes: int) -> bytes:
        """Read an artifact that must have the size and hash it was written with.

        Raises:
            ArtifactError: the file is missing, altered, or no file.
        """
        path = self.file(artifact_id)
        try:
            with _open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                content = file.read() if size == n_bytes else None
        except FileNotFoundError as error:
            raise ArtifactError(
                f"An artifact's file must be in its folder, but {path} is missing. "
                f"Run `automl doctor`."
            ) from error
        except OSError as error:
            raise ArtifactError(
                f"An artifact's file must be in its folder, but {path} cannot be read: "
                f"{error.strerror or error}. Run `automl doctor`."
            ) from error
        if content is None or hash_of(content) != sha256:
            how = f"it has {size} bytes, not {n_bytes}" if content is None else "other content"
            raise ArtifactError(
                f"An artifact must be as it was written, but {path} was altered ({how}). "
                f"Run `automl doctor`."
            )
        return content

    def names(self) -> set[str]:
        """Names of all files in the folder."""
        try:
            return {one.name for one in self.path.iterdir()}
        except OSError:  # not made yet, or no folder: reading or writing a file says so
            return set()

    def is_temporary(self, name: str) -> bool:
        """Whether a file is one that is, or was, being written."""
        return name.endswith(TEMPORARY_SUFFIX)

    def is_being_written(self, name: str) -> bool:
        """Whether a living process of this host writes a temporary file."""
        host, process_id = _owner_of(name)
        return self.is_temporary(name) and host == _host() and start_time(process_id) is not None

    def remove_abandoned(self) -> None:
        """Delete the temporary files that no living process writes."""
        for name in self.names():
            if self.is_temporary(name) and self._is_abandoned(name):
                with contextlib.suppress(OSError):
                    (self.path / name).unlink()

    def _is_abandoned(self, name: str) -> bool:
        if _owner_of(name)[0] == _host():
            return not self.is_being_written(name)
        with contextlib.suppress(OSError):
            return time.time() - (self.path / name).lstat().st_mtime > ABANDONED_SECONDS
        return False


def hash_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; nothing else is followed or waited for.

    Raises:
        FileNotFoundError: there is none.
        ArtifactError: it is something else.
    """
    found = path.lstat().st_mode
    descriptor = os.open(path, _READ) if stat.S_ISREG(found) else None
    if descriptor is None or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        if descriptor is not None:  # it was exchanged in between
            os.close(descriptor)
        what = next((kind for is_kind, kind in _KINDS if is_kind(found)), "a device")
        raise ArtifactError(
            f"An artifact must be a regular file, but {path} is {what}. Remove it, and run "
            f"`automl doctor`."
        )
    return os.fdopen(descriptor, "rb")


def _owner() -> str:
    """This process, as part of a temporary file's name."""
    return f"{_host()}-{os.getpid()}"


def _host() -> str:
    return hash_of(platform.node().encode())[:8]


def _owner_of(name: str) -> tuple[str, int]:
    """The host and process of a temporary file."""
    owner = name.removesuffix(TEMPORARY_SUFFIX).rpartition(".")[2]
    host, _, process_id = owner.partition("-")
    return (host, int(process_id)) if process_id.isdecimal() else ("", 0)
