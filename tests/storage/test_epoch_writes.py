from __future__ import annotations

import pytest
from sqlalchemy import func, select

from storage.database import Database
from storage.epoch_writes import EpochWrites
from storage.errors import StorageError
from storage.packing import unpack_epochs
from storage.tables import EPOCHS, LAYERS, RUNS
from tests.contracts.store_contract import epoch, layers


@pytest.fixture
def writes(database: Database) -> EpochWrites:
    writes = EpochWrites("sqlite")
    with database.write() as connection:
        for _ in range(2):
            connection.execute(
                RUNS.insert(),
                {
                    "study_id": 1, "trial_number": 0, "purpose": "search", "seed": 1, "fold": 0,
                    "rows_fraction": 1.0, "attempt": 1, "state": "running", "label": "",
                    "process": "p",
                },
            )  # fmt: skip
    database.buffer.register(writes)
    return writes


def curve(database: Database, run_id: int) -> list[int]:
    query = select(EPOCHS.c.data, EPOCHS.c.n_epochs).where(EPOCHS.c.run_id == run_id)
    with database.read() as connection:
        rows = connection.execute(query.order_by(EPOCHS.c.block)).all()
    return [one.epoch for data, n in rows for one in unpack_epochs([(run_id, data, n)], {})]


def test_block_grows_over_transactions(database: Database, writes: EpochWrites) -> None:
    for number in range(1, 24):
        writes.add([epoch(1, number), epoch(2, number)])
        if number % 3 == 0:
            database.flush()
    database.flush()
    assert curve(database, 1) == curve(database, 2) == list(range(1, 24))
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(EPOCHS)) == 6


def test_run_may_begin_in_the_middle_of_a_block(database: Database, writes: EpochWrites) -> None:
    """A promotion continues at the epoch where the pruned run ended."""
    writes.add([epoch(1, number) for number in range(7, 13)])
    database.flush()
    assert curve(database, 1) == list(range(7, 13))


def test_end_is_written_with_the_last_epochs(database: Database, writes: EpochWrites) -> None:
    writes.add([epoch(1, 1)])
    writes.add_end(1, "failed", "diverged")
    database.flush()
    assert not writes
    query = select(RUNS.c.state, RUNS.c.cause, RUNS.c.layer_names).order_by(RUNS.c.run_id)
    with database.read() as connection:
        assert connection.execute(query).all() == [
            ("failed", "diverged", "hidden 1\nhidden 2"),
            ("running", None, None),
        ]


def test_layers_must_keep_their_names(writes: EpochWrites) -> None:
    writes.add_layers(1, 0, layers(2))
    with pytest.raises(StorageError, match="keep their names"):
        writes.add_layers(1, 1, layers(3))


def test_runs_that_are_gone_are_forgotten(database: Database, writes: EpochWrites) -> None:
    writes.add([epoch(1, 1), epoch(2, 1)])
    writes.add_end(1, "complete", None)
    with database.read() as connection:
        writes.forget_deleted(connection)  # both are there
    assert writes
    database.flush()
    with database.write() as connection:
        connection.execute(RUNS.delete().where(RUNS.c.run_id == 1))
    writes.add([epoch(1, 2), epoch(2, 2)])
    writes.add_end(1, "complete", None)
    database.flush()
    assert curve(database, 1) == []
    assert curve(database, 2) == [1, 2]
    with database.read() as connection:
        assert set(connection.scalars(select(LAYERS.c.run_id))) == {2}


def test_forked_child_has_nothing_to_write(writes: EpochWrites) -> None:
    writes.add([epoch(1, 1)])
    writes.after_fork()
    assert not writes
