"""Files of a study: weights, preprocessing, predictions, checkpoints.

Each has a row in `automl_artifacts` and, but for checkpoints, an entry in Optuna's study, so
that the dashboard lists it, with its trial if it is of one, and offers it for download. The
row is written after the file, and before a file is deleted its row says so: a crash leaves at
most a file that no row knows or needs, which `automl doctor` names. In a block of
`Store.transaction()` the rows are of that transaction, and files are deleted once it is in the
database.
"""

from __future__ import annotations

import dataclasses
import io
import json
import mimetypes
import time
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from optuna.artifacts import ArtifactMeta
from sqlalchemy import select

from storage import artifact_formats as formats
from storage import record_rows, study_rows
from storage.artifact_files import ArtifactFolder, hash_of
from storage.errors import ArtifactError, StorageError
from storage.optuna_schema import STUDY_SYSTEM_ATTRIBUTES
from storage.optuna_storage import OptunaStorage
from storage.records import ArtifactRecord
from storage.remembered import Remembered
from storage.study_access import reading, writing
from storage.tables import ARTIFACTS

Kind = Literal["weights", "answer_weights", "preprocessing", "predictions", "checkpoint"]

WeightsKind = Literal["weights", "answer_weights"]
"""Of a trial of the search; of a run that was trained for the answer alone, which comes and goes
with that and has no rank among trials."""

_COUNTED: tuple[Kind, ...] = ("weights", "answer_weights", "checkpoint")
"""Kinds that are of a trial, which has all of its files or none, and so count to a budget."""

_LISTED_AS = "artifacts:"  # Optuna's documented key of an uploaded artifact, plus its id
_LISTED_WITH_TRIAL_AS = "dashboard:artifacts:"  # plus the trial's id, a colon, the artifact's id
"""Optuna keeps a trial's artifacts among the trial's own attributes, but those of a finished
trial cannot be changed, and weights come and go later. The dashboard reads this key of the
study too, as its first versions wrote it."""


class Artifacts:
    """The artifact folder of an opened database."""

    def __init__(self, folder: Path | None, storage: OptunaStorage) -> None:
        self._folder = None if folder is None else ArtifactFolder(folder)
        self._storage = storage
        self._lists: Remembered[str, tuple[ArtifactRecord, ...]] = Remembered()  # by study

    @property
    def folder(self) -> ArtifactFolder:
        """The folder.

        Raises:
            StorageError: the database is in memory or on a server, and no folder was named.
        """
        if self._folder is None:
            raise StorageError(
                "Artifacts need a folder, but a database that is not a file has none beside it. "
                "Open the store with a folder."
            )
        return self._folder

    def path(self, record: ArtifactRecord) -> Path:
        """Where the file of an artifact lies."""
        return self.folder.file(record.artifact_id)

    # Weights

    def save_weights(
        self,
        study_name: str,
        trial_number: int,
        run_id: int,
        weights: Mapping[str, Any],
        details: Mapping[str, Any],
        kind: WeightsKind = "weights",
    ) -> ArtifactRecord:
        """Keep the weights of a run (torch tensors or arrays) with what describes them."""
        record = self.write_weights(trial_number, run_id, weights, details, kind)
        return self.keep_written(study_name, record)

    def write_weights(
        self,
        trial_number: int,
        run_id: int,
        weights: Mapping[str, Any],
        details: Mapping[str, Any],
        kind: WeightsKind = "weights",
    ) -> ArtifactRecord:
        """Write the file of weights alone, which takes time: before the transaction of its row.

        `keep_written` writes the row; `remove_files` deletes a file that is to have none.

        Raises:
            ArtifactError: it cannot be written.
        """
        draft = ArtifactRecord(
            artifact_id="",
            kind=kind,
            trial_number=trial_number,
            run_id=run_id,
            answer_id=None,
            file_name=f"trial-{trial_number}-run-{run_id}.safetensors",
            n_bytes=0,
            sha256="",
            details=dict(details),
        )
        return _written(self.folder, draft, formats.pack_tensors(weights, details))

    def load_weights(self, record: ArtifactRecord) -> dict[str, NDArray[Any]]:
        """The weights by name."""
        return formats.unpack_tensors(self._read(record, "weights", "answer_weights"))[0]

    # Preprocessing

    def save_preprocessing(
        self,
        study_name: str,
        arrays: Mapping[str, Any],
        state: Mapping[str, Any],
        fold: int = 0,
    ) -> ArtifactRecord:
        """Keep the fitted preprocessing of a fold: named arrays and plain values."""
        draft = ArtifactRecord(
            artifact_id="",
            kind="preprocessing",
            trial_number=None,
            run_id=None,
            answer_id=None,
            file_name=f"preprocessing-fold-{fold}.safetensors",
            n_bytes=0,
            sha256="",
            details={"fold": fold},
        )
        content = formats.pack_tensors(arrays, state)
        return self.keep_written(study_name, _written(self.folder, draft, content))

    def load_preprocessing(
        self, record: ArtifactRecord
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The arrays by name, and the plain values."""
        return formats.unpack_tensors(self._read(record, "preprocessing"))

    # Predictions

    def save_predictions(
        self, study_name: str, answer_id: int, arrays: Mapping[str, Any]
    ) -> ArtifactRecord:
        """Keep the predictions of an answer, as named arrays."""
        draft = ArtifactRecord(
            artifact_id="",
            kind="predictions",
            trial_number=None,
            run_id=None,
            answer_id=answer_id,
            file_name=f"answer-{answer_id}-predictions.npz",
            n_bytes=0,
            sha256="",
            details={"arrays": sorted(arrays)},
        )
        return self.keep_written(
            study_name, _written(self.folder, draft, formats.pack_arrays(arrays))
        )

    def load_predictions(self, record: ArtifactRecord) -> dict[str, NDArray[Any]]:
        """The arrays by name."""
        return formats.unpack_arrays(self._read(record, "predictions"))

    # Checkpoints

    def save_checkpoint(
        self,
        study_name: str,
        trial_number: int,
        run_id: int,
        tensors: Mapping[str, Any],
        state: Mapping[str, Any],
    ) -> ArtifactRecord:
        """Keep all that a run needs to go on, instead of the run's earlier checkpoint.

        Several threads may do so at once: the file, which takes most of the time, is written
        outside of any transaction.
        """
        draft = ArtifactRecord(
            artifact_id="",
            kind="checkpoint",
            trial_number=trial_number,
            run_id=run_id,
            answer_id=None,
            file_name=f"trial-{trial_number}-run-{run_id}.checkpoint",
            n_bytes=0,
            sha256="",
            details={"epoch": state["epoch"]} if "epoch" in state else {},
        )
        record = _written(self.folder, draft, formats.pack_tensors(tensors, state))
        with self._storage.database.transaction():
            for one in self.list(study_name):
                if one.kind == "checkpoint" and one.run_id == run_id:
                    self.remove(one)
            self.keep_written(study_name, record)
        return record

    def load_checkpoint(
        self, record: ArtifactRecord
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The tensors by name, and the state."""
        return formats.unpack_tensors(self._read(record, "checkpoint"))

    # All of them

    def list(self, study_name: str) -> tuple[ArtifactRecord, ...]:
        """The artifacts of a study that were not removed, oldest first."""
        database = self._storage.database
        with database.lock:
            known = self._lists.get(study_name, database.changes)
            if known is not None:
                return known
            with reading(database, study_name) as (connection, study_id):
                is_there = ARTIFACTS.c.removed_at.is_(None)
                query = select(ARTIFACTS).where(ARTIFACTS.c.study_id == study_id, is_there)
                rows = connection.execute(query.order_by(ARTIFACTS.c.created_at)).all()
            found = tuple(map(record_rows.artifact_record, rows))
            self._lists.keep(study_name, found)
        return found

    def remove(self, record: ArtifactRecord) -> ArtifactRecord:
        """Delete an artifact's file and its entry in the dashboard; the row stays."""
        removed = dataclasses.replace(record, removed_at=time.time())
        table = ARTIFACTS
        with self._storage.database.write() as connection:
            where = table.c.artifact_id == record.artifact_id
            study_id = connection.scalar(select(table.c.study_id).where(where))
            connection.execute(table.update().where(where).values(removed_at=removed.removed_at))
            self._lists.forget()
            if study_id is not None:
                key = _listing_key(self._storage, study_id, record)
                attributes = STUDY_SYSTEM_ATTRIBUTES
                study_rows.delete_attribute(connection, attributes, study_id, key)
        self._storage.database.after_commit(lambda: self.folder.remove(record.artifact_id))
        return removed

    def is_whole(self, record: ArtifactRecord) -> bool:
        """Whether an artifact is kept and its file is as it was written."""
        try:
            self.folder.read_checked(record.artifact_id, record.sha256, record.n_bytes)
        except ArtifactError:
            return False
        return record.removed_at is None

    def enforce(
        self,
        study_name: str,
        *,
        keep: int,
        byte_budget: int | None,
        ranking: Sequence[int],
        spared: Collection[int] = (),
    ) -> tuple[ArtifactRecord, ...]:
        """Remove what is beyond the best `keep` trials, then the worst beyond the budget.

        All files of a trial or none: a network of some folds only is of no use.

        Args:
            keep: trials whose weights and checkpoints stay.
            byte_budget: bytes that these may take; the best trial's stay whatever they take, with
                what was trained of it for the answer.
            ranking: trial numbers, best first; trials that are not in it are not touched.
            spared: runs whose trials are not touched either: of the answer that stands.

        Returns:
            What was removed.
        """
        counted = [one for one in self.list(study_name) if one.kind in _COUNTED]
        n_bytes = Counter[int | None]()
        for one in counted:
            n_bytes[one.trial_number] += one.n_bytes
        trials = {one.trial_number for one in counted if one.run_id in spared}
        beyond = trials_beyond(ranking, n_bytes, keep, byte_budget, trials)
        return tuple(
            self.remove(one) for number in beyond for one in counted if one.trial_number == number
        )

    def keep_written(self, study_name: str, record: ArtifactRecord) -> ArtifactRecord:
        """Keep a file: write its row. All but checkpoints are listed in Optuna's study."""
        with writing(self._storage.database, study_name) as (connection, study_id):
            row = record_rows.artifact_row(record, study_id)
            connection.execute(ARTIFACTS.insert(), {**row, "created_at": time.time()})
            self._lists.forget()
            if record.kind != "checkpoint":
                key = _listing_key(self._storage, study_id, record)
                self._storage.set_study_system_attr(study_id, key, _listing(record))
        return record

    def remove_abandoned(self) -> None:
        """Delete what killed processes have left half-written."""
        if self._folder is not None:
            self._folder.remove_abandoned()

    def remove_files(self, records: Sequence[ArtifactRecord]) -> None:
        """Delete files that have no rows, or no more."""
        for one in records:
            self.folder.remove(one.artifact_id)

    def _read(self, record: ArtifactRecord, *kinds: Kind) -> bytes:
        if record.kind not in kinds:
            raise StorageError(f"The artifact must be {kinds[0]}, but {record.file_name} is not.")
        if record.removed_at is not None:
            raise StorageError(
                f"An artifact must be kept to be read, but {record.file_name} was removed to "
                f"save space. A larger keep_models keeps more of them."
            )
        return self.folder.read_checked(record.artifact_id, record.sha256, record.n_bytes)


def trials_beyond(
    ranking: Sequence[int],
    n_bytes: Mapping[int | None, int],
    keep: int,
    byte_budget: int | None,
    spared: Collection[int | None] = (),
) -> list[int]:
    """The trials whose files `Artifacts.enforce` lets go, the worst first.

    Args:
        ranking: trial numbers, best first.
        n_bytes: what is kept of each trial, of others too.
        spared: trials that are not touched.
    """
    over = 0 if byte_budget is None else sum(n_bytes.values()) - byte_budget
    beyond = []
    for place, number in reversed(list(enumerate(ranking))):
        if number not in spared and (place >= keep or (over > 0 and place > 0)):
            beyond.append(number)
            over -= n_bytes.get(number, 0)
    return beyond


def _written(folder: ArtifactFolder, draft: ArtifactRecord, content: bytes) -> ArtifactRecord:
    """Write a file, whose row is to follow."""
    record = dataclasses.replace(
        draft, artifact_id=str(uuid.uuid4()), n_bytes=len(content), sha256=hash_of(content)
    )
    folder.write(record.artifact_id, io.BytesIO(content))
    return record


def _listing_key(storage: OptunaStorage, study_id: int, record: ArtifactRecord) -> str:
    """Under which attribute of the study an artifact is listed."""
    if record.trial_number is None:
        return _LISTED_AS + record.artifact_id
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, record.trial_number)
    return f"{_LISTED_WITH_TRIAL_AS}{trial_id}:{record.artifact_id}"


def _listing(record: ArtifactRecord) -> str:
    """What Optuna keeps of an uploaded artifact: the JSON of its `ArtifactMeta`."""
    mimetype, encoding = mimetypes.guess_type(record.file_name)
    mimetype = mimetype or "application/octet-stream"
    meta = ArtifactMeta(record.artifact_id, record.file_name, mimetype, encoding)
    return json.dumps(dataclasses.asdict(meta))
