"""Files in the artifact folder: written whole or not at all, and checked when read.

A file is written under a temporary name, hashed on the way, brought to the disk and renamed
to its id, so that a killed process leaves no half file under a final name. It is also the
artifact store that `optuna.artifacts.upload_artifact` and the dashboard expect: one folder,
one file per id.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from optuna.artifacts.exceptions import ArtifactNotFound

from storage.errors import StorageError

TEMPORARY_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """A folder of artifacts, made when the first one is written."""

    path: Path

    def file(self, artifact_id: str) -> Path:
        """Where an artifact lies.

        Raises:
            ValueError: the id is not the plain name of a file.
        """
        if Path(artifact_id).name != artifact_id or artifact_id in ("", ".", ".."):
            raise ValueError(f"An artifact id must be a plain name, but got {artifact_id!r}.")
        return self.path / artifact_id

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading (Optuna's interface)."""
        try:
            return self.file(artifact_id).open("rb")
        except FileNotFoundError as error:
            raise ArtifactNotFound(f"There is no artifact {artifact_id}.") from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write an artifact whole, or not at all (Optuna's interface)."""
        final = self.file(artifact_id)
        temporary = final.with_name(f"{artifact_id}.{os.getpid()}{TEMPORARY_SUFFIX}")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                shutil.copyfileobj(content_body, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(final)
        except OSError as error:
            raise StorageError(
                f"The artifact folder must be writable, but {final} cannot be written: {error}."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self, artifact_id: str) -> None:
        """Delete an artifact's file, where it is (Optuna's interface)."""
        self.file(artifact_id).unlink(missing_ok=True)

    def read_checked(self, artifact_id: str, sha256: str) -> bytes:
        """Read an artifact and compare its hash with the one it was written with.

        Raises:
            StorageError: the file is missing or altered.
        """
        path = self.file(artifact_id)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageError(
                f"An artifact's file must be in its folder, but {path} cannot be read: "
                f"{error.strerror}. Run `automl doctor`."
            ) from error
        if hash_of(content) != sha256:
            raise StorageError(
                f"An artifact must be as it was written, but {path} was altered "
                f"(its SHA-256 is {hash_of(content)}, not {sha256}). Run `automl doctor`."
            )
        return content

    def names(self) -> set[str]:
        """Names of all files in the folder."""
        return {one.name for one in self.path.iterdir()} if self.path.is_dir() else set()


def hash_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
