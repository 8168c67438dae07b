from __future__ import annotations

import pytest
from sqlalchemy import event

from storage.errors import StorageError
from storage.store import Store
from storage.tables import EPOCHS, LAYERS
from tests.contracts.store_contract import epoch, make_study


def fill(store: Store, n_trials: int) -> None:
    study = make_study(store)
    for _ in range(n_trials):
        trial = study.ask()
        run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
        store.runs.add_epochs([epoch(run.run_id, number) for number in (1, 2, 3)])
        study.tell(trial, 1.0)


def n_queries(store: Store) -> int:
    connection = store._database.connection.open()
    queries: list[str] = []

    def note(*arguments: object) -> None:
        queries.append(str(arguments[2]))

    event.listen(connection, "before_cursor_execute", note)
    store.read_study("study")
    event.remove(connection, "before_cursor_execute", note)
    return len(queries)


def test_number_of_queries_does_not_grow_with_trials(store: Store) -> None:
    fill(store, 2)
    few = n_queries(store)
    store.delete_study("study")
    fill(store, 20)
    assert n_queries(store) <= few


def test_layers_are_with_their_epochs(store: Store) -> None:
    fill(store, 1)
    (curve,) = store.read_study("study").epochs.values()
    assert [len(one.layers) for one in curve] == [2, 2, 0]


def test_damaged_epochs_are_an_error_that_names_the_run(store: Store) -> None:
    fill(store, 1)
    with store._database.write() as connection:
        connection.execute(EPOCHS.update().values(data=b"short"))
    where = "automl_epochs where run_id = 1 and block = 0"
    with pytest.raises(StorageError, match=f"{where}.*has 5 bytes"):
        store.read_study("study")


def test_damaged_layers_are_an_error_that_names_the_moment(store: Store) -> None:
    fill(store, 1)
    with store._database.write() as connection:
        connection.execute(LAYERS.update().where(LAYERS.c.epoch == 2).values(data=b"short"))
    where = "automl_layers where run_id = 1 and epoch = 2"
    with pytest.raises(StorageError, match=f"{where}.*has 5 bytes"):
        store.read_study("study")
