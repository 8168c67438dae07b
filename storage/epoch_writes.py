"""Epochs and layers that wait for the next transaction.

A run's last block of up to ten epochs stays in memory, and its row is written again with
every epoch that is added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, select

from storage.errors import StorageError
from storage.packing import BLOCK_EPOCHS, layer_names, pack_epochs, pack_layers
from storage.prepared import Prepared
from storage.records import EpochRecord, LayerGradientRecord, RunState
from storage.tables import EPOCHS, LAYERS, RUNS

_END = Prepared(
    RUNS.update()
    .where(RUNS.c.run_id == bindparam("ended"))
    .values(
        state=bindparam("state"),
        cause=bindparam("cause"),
        # What was known when the run began stays where its end tells nothing.
        n_parameters=func.coalesce(bindparam("counted"), RUNS.c.n_parameters),
    ),
    ("ended", "state", "cause", "counted"),
)
_NAME_LAYERS = Prepared(
    RUNS.update()
    .where(RUNS.c.run_id == bindparam("named"))
    .values(layer_names=bindparam("layer_names")),
    ("named", "layer_names"),
)


Block = tuple[EpochRecord, ...]
RunEnd = tuple[RunState, str | None, int | None]  # with its cause, and parameters of its network


@dataclass(slots=True)
class _State:
    """What is known of the runs that train, and what of it waits."""

    blocks: dict[int, Block] = field(default_factory=dict)  # run_id -> its last block
    names: dict[int, str] = field(default_factory=dict)  # run_id -> its layers' names
    changed: dict[tuple[int, int], Block] = field(default_factory=dict)  # by run_id and number
    layers: dict[tuple[int, int], bytes] = field(default_factory=dict)  # by run_id and epoch
    named: set[int] = field(default_factory=set)  # runs whose names wait
    ends: dict[int, RunEnd] = field(default_factory=dict)

    def copy(self) -> _State:
        """What is as this is now, whatever becomes of this."""
        return _State(
            dict(self.blocks),
            dict(self.names),
            dict(self.changed),
            dict(self.layers),
            set(self.named),
            dict(self.ends),
        )


class EpochWrites:
    """What runs have reported since the last transaction. A `Pending`."""

    def __init__(self, dialect: str) -> None:
        self._state = self._before = _State()
        self._epoch = Prepared.upsert(EPOCHS, ("run_id", "block"), ("n_epochs", "data"), dialect)
        self._layer = Prepared.upsert(LAYERS, ("run_id", "epoch"), ("data",), dialect)

    def __bool__(self) -> bool:
        state = self._state
        return bool(state.changed or state.layers or state.ends)

    def add(self, epochs: Iterable[EpochRecord]) -> None:
        """Take epochs, each run's in order."""
        state = self._state
        for record in epochs:
            run_id, number = record.run_id, (record.epoch - 1) // BLOCK_EPOCHS
            block = state.blocks.get(run_id, ())
            if block and (block[0].epoch - 1) // BLOCK_EPOCHS != number:
                block = ()
            state.blocks[run_id] = state.changed[run_id, number] = (*block, record)
            if record.layers:
                self.add_layers(run_id, record.epoch, record.layers)

    def add_layers(self, run_id: int, epoch: int, layers: Sequence[LayerGradientRecord]) -> None:
        """Take the layers of one moment; epoch 0 is before training."""
        state, names = self._state, layer_names(layers)
        known = state.names.get(run_id)
        if known is None:
            state.names[run_id] = names
            state.named.add(run_id)
        elif known != names:
            raise StorageError(
                f"A run's layers must keep their names, but those of run {run_id} were "
                f"{known.split()} and are {names.split()} at epoch {epoch}."
            )
        state.layers[run_id, epoch] = pack_layers(layers)

    def add_end(
        self, run_id: int, state: RunState, cause: str | None, n_parameters: int | None = None
    ) -> None:
        """Take the end of a run."""
        self._state.ends[run_id] = (state, cause, n_parameters)

    def write(self, connection: Connection) -> None:
        """Write everything, and keep it until `clear`."""
        state = self._state
        blocks = [
            (run_id, number, len(block), pack_epochs(block))
            for (run_id, number), block in state.changed.items()
        ]
        self._epoch.run(connection, blocks)
        self._layer.run(connection, [(*key, data) for key, data in state.layers.items()])
        _NAME_LAYERS.run(connection, [(one, state.names[one]) for one in state.named])
        _END.run(connection, [(run_id, *end) for run_id, end in state.ends.items()])

    def clear(self) -> None:
        """Forget what is committed; the last blocks of running runs are kept."""
        state = self._state
        for run_id in state.ends:
            state.blocks.pop(run_id, None)
            state.names.pop(run_id, None)
        self._state = _State(state.blocks, state.names)

    def begin(self) -> None:
        """Remember the last blocks of running runs, and what waits."""
        self._before = self._state.copy()

    def undo(self) -> None:
        """Have all as it was before the block."""
        self._state = self._before

    def forget_deleted(self, connection: Connection) -> None:
        """Forget runs whose study somebody has deleted."""
        state = self._state
        known = state.blocks.keys() | state.names.keys() | state.ends.keys()
        if not known:
            return
        found = select(RUNS.c.run_id).where(RUNS.c.run_id.in_(known))
        gone = known - set(connection.scalars(found))
        if not gone:
            return
        state.changed = {key: one for key, one in state.changed.items() if key[0] not in gone}
        state.layers = {key: one for key, one in state.layers.items() if key[0] not in gone}
        state.named -= gone
        for run_id in gone:
            state.blocks.pop(run_id, None)
            state.names.pop(run_id, None)
            state.ends.pop(run_id, None)

    def after_fork(self) -> None:
        """Forget everything: the runs are the parent's."""
        self._state = _State()
