"""Epochs and layers that wait for the next transaction.

A run's last block of up to ten epochs stays in memory, and its row is written again with
every epoch that is added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from storage.engine import upsert
from storage.errors import StorageError
from storage.packing import BLOCK_EPOCHS, layer_names, pack_epochs, pack_layers
from storage.records import EpochRecord, LayerGradientRecord, RunState
from storage.tables import EPOCHS, LAYERS, RUNS

_END = (
    RUNS.update()
    .where(RUNS.c.run_id == bindparam("ended"))
    .values(
        state=bindparam("state"),
        cause=bindparam("cause"),
        # What was known when the run began stays where its end tells nothing.
        n_parameters=func.coalesce(bindparam("counted"), RUNS.c.n_parameters),
    )
)
_NAME_LAYERS = (
    RUNS.update()
    .where(RUNS.c.run_id == bindparam("named"))
    .values(layer_names=bindparam("layer_names"))
)


@dataclass(frozen=True, slots=True)
class _RunEnd:
    """How a run ended: the values of `_END`."""

    ended: int  # run_id
    state: RunState
    cause: str | None
    counted: int | None  # parameters of its network


class EpochWrites:
    """What runs have reported since the last transaction. A `Pending`."""

    def __init__(self, dialect: str) -> None:
        self._blocks: dict[int, list[EpochRecord]] = {}  # run_id -> its last block
        self._names: dict[int, str] = {}  # run_id -> its layers' names
        self._changed: dict[tuple[int, int], list[EpochRecord]] = {}
        self._layers: dict[tuple[int, int], bytes] = {}
        self._named: set[int] = set()  # runs whose names wait
        self._ends: dict[int, _RunEnd] = {}
        self._before: tuple[dict[int, list[EpochRecord]], dict[int, str]] = ({}, {})
        self._epoch = upsert(EPOCHS, ("run_id", "block"), ("n_epochs", "data"), dialect)
        self._layer = upsert(LAYERS, ("run_id", "epoch"), ("data",), dialect)

    def __bool__(self) -> bool:
        return bool(self._changed or self._layers or self._ends)

    def add(self, epochs: Iterable[EpochRecord]) -> None:
        """Take epochs, each run's in order."""
        for record in epochs:
            number = (record.epoch - 1) // BLOCK_EPOCHS
            block = self._blocks.get(record.run_id)
            if block is None or (block[0].epoch - 1) // BLOCK_EPOCHS != number:
                block = self._blocks[record.run_id] = []
            block.append(record)
            self._changed[record.run_id, number] = block
            if record.layers:
                self.add_layers(record.run_id, record.epoch, record.layers)

    def add_layers(self, run_id: int, epoch: int, layers: Sequence[LayerGradientRecord]) -> None:
        """Take the layers of one moment; epoch 0 is before training."""
        names = layer_names(layers)
        known = self._names.setdefault(run_id, names)
        if known != names:
            raise StorageError(
                f"A run's layers must keep their names, but those of run {run_id} were "
                f"{known.split()} and are {names.split()} at epoch {epoch}."
            )
        self._named.add(run_id)
        self._layers[run_id, epoch] = pack_layers(layers)

    def add_end(
        self, run_id: int, state: RunState, cause: str | None, n_parameters: int | None = None
    ) -> None:
        """Take the end of a run."""
        self._ends[run_id] = _RunEnd(run_id, state, cause, n_parameters)

    def write(self, connection: Connection) -> None:
        """Write everything, and keep it until `clear`."""
        if self._changed:
            connection.execute(
                self._epoch, [_row(*key, block) for key, block in self._changed.items()]
            )
        if self._layers:
            rows: list[dict[str, Any]] = [
                {"named": run_id, "layer_names": self._names[run_id]} for run_id in self._named
            ]
            connection.execute(_NAME_LAYERS, rows)
            rows = [
                {"run_id": run_id, "epoch": epoch, "data": data}
                for (run_id, epoch), data in self._layers.items()
            ]
            connection.execute(self._layer, rows)
        if self._ends:
            connection.execute(_END, [asdict(end) for end in self._ends.values()])

    def clear(self) -> None:
        """Forget what is committed; the last blocks of running runs are kept."""
        for run_id in self._ends:
            self._blocks.pop(run_id, None)
            self._names.pop(run_id, None)
        self._changed.clear()
        self._layers.clear()
        self._named.clear()
        self._ends.clear()

    def begin(self) -> None:
        """Remember the last blocks of running runs, and their layers' names."""
        blocks = {run_id: list(block) for run_id, block in self._blocks.items()}
        self._before = (blocks, dict(self._names))

    def undo(self) -> None:
        """Have the last blocks as they are in the file; nothing waits."""
        self.clear()
        self._blocks, self._names = self._before

    def forget_deleted(self, connection: Connection) -> None:
        """Forget runs whose study somebody has deleted."""
        known = self._blocks.keys() | self._names.keys() | self._ends.keys()
        if not known:
            return
        gone = known - set(
            connection.scalars(select(RUNS.c.run_id).where(RUNS.c.run_id.in_(known)))
        )
        self._changed = {key: value for key, value in self._changed.items() if key[0] not in gone}
        self._layers = {key: value for key, value in self._layers.items() if key[0] not in gone}
        self._named -= gone
        for run_id in gone:
            self._blocks.pop(run_id, None)
            self._names.pop(run_id, None)
            self._ends.pop(run_id, None)

    def after_fork(self) -> None:
        """Forget everything: the runs are the parent's."""
        self._blocks.clear()
        self._names.clear()
        self.clear()


def _row(run_id: int, number: int, block: Sequence[EpochRecord]) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "block": number,
        "n_epochs": len(block),
        "data": pack_epochs(block),
    }
