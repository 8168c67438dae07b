from __future__ import annotations

from storage.call_records import PolicyRecord, StopReason
from storage.store import Store
from tests.contracts.store_contract import make_study


def test_calls_and_their_ends_come_back_in_their_order(store: Store) -> None:
    make_study(store, "study")
    make_study(store, "other")
    calls = (PolicyRecord(0, "tpe", "none"), PolicyRecord(3, "tpe", "none", searches=False))
    for call in calls:
        store.calls.add("study", call)
    store.calls.add("study", StopReason("timeout", {"timeout": 60.0}))
    records = store.read_study("study")
    assert records.policies == calls and [one.because for one in records.stops] == ["timeout"]
    other = store.read_study("other")
    assert other.policies == other.stops == ()


def test_why_an_answer_is_missing_is_noted_with_the_last_call_that_asked_for_it(
    store: Store,
) -> None:
    for name in ("study", "other"):
        make_study(store, name)
        for answer in ("seeds", "refit", "seeds", "auto"):
            store.calls.add(name, PolicyRecord(0, "tpe", "none", answer=answer))

    def noted(name: str) -> list[str | None]:
        return [one.untrained for one in store.read_study(name).policies]

    store.calls.note_untrained("study", "seeds", "no time", 7)
    store.calls.note_untrained("study", "refit", "it diverged", 7)
    assert noted("study") == [None, "it diverged", "no time", None]
    assert noted("other") == [None] * 4
    trials = [one.untrained_trial for one in store.read_study("study").policies]
    assert trials == [None, 7, 7, None]
    store.calls.note_untrained("study", "seeds", None, None)
    assert noted("study") == [None, "it diverged", None, None]
