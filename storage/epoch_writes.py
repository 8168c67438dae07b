"""Epochs and layers that wait for the next transaction.

A run's current block of up to 64 epochs stays in memory and its row is written again as the
block grows; when the run has ended, its last rows are deflated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, select

from storage.engine import upsert
from storage.packing import BLOCK_EPOCHS, DEFLATED, RAW, deflate, pack_epochs, pack_layers
from storage.records import EpochRecord, LayerGradientRecord
from storage.tables import EPOCHS, LAYERS, RUNS


class EpochWrites:
    """What runs have reported since the last transaction. A `database.Pending`."""

    def __init__(self, dialect: str) -> None:
        self._blocks: dict[int, list[EpochRecord]] = {}  # run_id -> its last, unfilled block
        self._changed: dict[tuple[int, int], list[EpochRecord]] = {}
        self._layers: dict[tuple[int, int], Sequence[LayerGradientRecord]] = {}
        self._ends: dict[int, tuple[str, str | None]] = {}
        columns = ("n_epochs", "encoding", "data")
        self._epochs = upsert(EPOCHS, ("run_id", "block"), columns, dialect)
        self._layer = upsert(LAYERS, ("run_id", "epoch"), ("names", "data"), dialect)
        self._end = (
            RUNS.update()
            .where(RUNS.c.run_id == sqlalchemy.bindparam("ended"))
            .values(state=sqlalchemy.bindparam("state"), cause=sqlalchemy.bindparam("cause"))
        )

    def __bool__(self) -> bool:
        return bool(self._changed or self._layers or self._ends)

    def add(self, epochs: Iterable[EpochRecord]) -> None:
        """Take epochs, each run's in order."""
        for record in epochs:
            number = (record.epoch - 1) // BLOCK_EPOCHS
            block = self._blocks.get(record.run_id)
            if block is None or (block[0].epoch - 1) // BLOCK_EPOCHS != number:
                block = []
                self._blocks[record.run_id] = block
            block.append(record)
            self._changed[record.run_id, number] = block
            if record.layers:
                self.add_layers(record.run_id, record.epoch, record.layers)

    def add_layers(self, run_id: int, epoch: int, layers: Sequence[LayerGradientRecord]) -> None:
        """Take the layers of one moment; epoch 0 is before training."""
        self._layers[run_id, epoch] = layers

    def add_end(self, run_id: int, state: str, cause: str | None) -> None:
        """Take the end of a run."""
        self._ends[run_id] = (state, cause)

    def write(self, connection: Connection) -> None:
        """Write everything, and keep it until `clear`."""
        if self._changed:
            connection.execute(
                self._epochs,
                [_block_row(*key, block) for key, block in self._changed.items()],
            )
        if self._layers:
            connection.execute(
                self._layer,
                [_layer_row(*key, layers) for key, layers in self._layers.items()],
            )
        if self._ends:
            rows: list[dict[str, Any]] = [
                {"ended": run_id, "state": state, "cause": cause}
                for run_id, (state, cause) in self._ends.items()
            ]
            connection.execute(self._end, rows)
            self._deflate(connection)

    def _deflate(self, connection: Connection) -> None:
        query = select(EPOCHS.c.run_id, EPOCHS.c.block, EPOCHS.c.n_epochs, EPOCHS.c.data)
        wanted = EPOCHS.c.run_id.in_(list(self._ends)) & (EPOCHS.c.encoding == RAW)
        rows = [
            {
                "run_id": run_id,
                "block": block,
                "n_epochs": n_epochs,
                "encoding": DEFLATED,
                "data": deflate(data, n_epochs),
            }
            for run_id, block, n_epochs, data in connection.execute(query.where(wanted))
        ]
        if rows:
            connection.execute(self._epochs, rows)

    def clear(self) -> None:
        """Forget what is committed; unfilled blocks of running runs are kept."""
        for run_id in self._ends:
            self._blocks.pop(run_id, None)
        self._changed.clear()
        self._layers.clear()
        self._ends.clear()

    def forget_deleted(self, connection: Connection) -> None:
        """Forget runs whose study somebody has deleted."""
        pending = {key[0] for key in (*self._changed, *self._layers)} | self._ends.keys()
        if not pending:
            return
        query = select(RUNS.c.run_id).where(RUNS.c.run_id.in_(pending))
        gone = pending - set(connection.scalars(query))
        for part in (self._changed, self._layers):
            for key in [key for key in part if key[0] in gone]:
                del part[key]
        for run_id in gone:
            self._ends.pop(run_id, None)
            self._blocks.pop(run_id, None)

    def after_fork(self) -> None:
        """Forget everything: the runs are the parent's."""
        self._blocks.clear()
        self._changed.clear()
        self._layers.clear()
        self._ends.clear()


def _block_row(run_id: int, number: int, block: Sequence[EpochRecord]) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "block": number,
        "n_epochs": len(block),
        "encoding": RAW,
        "data": pack_epochs(block),
    }


def _layer_row(run_id: int, epoch: int, layers: Sequence[LayerGradientRecord]) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "epoch": epoch,
        "names": "\n".join(one.name for one in layers),
        "data": pack_layers(layers),
    }
