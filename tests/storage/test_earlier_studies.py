from __future__ import annotations

import pytest
from sqlalchemy import update

from storage import tables
from storage.call_records import BeliefRecord
from storage.earlier_records import EarlierStudy, EarlierTrial
from storage.errors import DamagedError
from storage.store import Store
from storage.widening_records import WideningRecord
from tests.contracts.store_contract import make_study, settings

EARLIER = EarlierStudy(
    "sqlite:///old.db#before",
    20,
    (
        EarlierTrial(
            0, {"dropout": 0.1, "optimizer": "adam", "n_layers": 2}, (0.5, 0.4), "complete"
        ),
        EarlierTrial(1, {"dropout": 0.2, "flag": True, "none": None}, (), "failed"),
    ),
)


def test_what_a_study_learned_from_comes_back_as_it_was(store: Store) -> None:
    store.create_study(settings("new"), [EARLIER])
    make_study(store, "other")
    assert store.earlier.read("new") == (EARLIER,)
    assert store.earlier.read("other") == ()
    (trial, _) = store.earlier.read("new")[0].trials
    assert type(trial.params["n_layers"]) is int


def test_widenings_come_back_in_their_order_and_with_the_study(store: Store) -> None:
    make_study(store, "study")
    looks = (WideningRecord(25), WideningRecord(51, {"dropout": (0.0, 0.9)}))
    for look in looks:
        store.widenings.add("study", look)
    assert store.widenings.read("study") == looks
    records = store.read_study("study")
    assert records.widenings == looks
    assert records.space["parameters"]["dropout"]["high"] == 0.9  # type: ignore[index,call-overload]


@pytest.mark.parametrize("ranges", [{"dropout": [1.0, 0.5]}, {"dropout": [1.0]}, ["dropout"]])
def test_a_widening_that_is_none_is_refused(store: Store, ranges: object) -> None:
    make_study(store, "study")
    store.widenings.add("study", WideningRecord(25))
    with store._database.write() as connection:
        connection.execute(update(tables.WIDENINGS).values(ranges=ranges))
    with pytest.raises(DamagedError, match="automl_widenings"):
        store.widenings.read("study")


def test_beliefs_come_back_in_their_order_and_the_last_of_a_policy_alone(store: Store) -> None:
    make_study(store, "study")
    make_study(store, "other")
    learned = (
        BeliefRecord("freeze_thaw", 14, 30, {"n_points": 20, "lengths": {"dropout": 0.1}}),
        BeliefRecord("mine", 20, 41, [1.5, None, "text"]),
        BeliefRecord("freeze_thaw", 25, 62, {"n_points": 31, "lengths": {"dropout": -1e-300}}),
    )
    for one in learned:
        store.beliefs.add("study", one)
    assert store.read_study("study").beliefs == learned
    assert store.beliefs.last("study", "freeze_thaw") == learned[2]
    assert store.beliefs.last("study", "mine") == learned[1]
    assert store.beliefs.last("study", "promotion") is None
    assert store.beliefs.last("other", "freeze_thaw") is None


def test_a_belief_that_is_no_json_is_refused(store: Store) -> None:
    make_study(store, "study")
    store.beliefs.add("study", BeliefRecord("freeze_thaw", 14, 30, {}))
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE automl_beliefs SET belief = '{'")
    with pytest.raises(DamagedError, match="automl_beliefs"):
        store.beliefs.last("study", "freeze_thaw")
