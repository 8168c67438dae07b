from __future__ import annotations

from storage.remembered import Remembered


def test_a_value_is_known_while_nothing_has_changed() -> None:
    remembered: Remembered[str, int] = Remembered()
    assert remembered.get("a", 1) is None
    remembered.keep("a", 7)
    assert remembered.get("a", 1) == 7
    assert remembered.get("a", 2) is None
    assert remembered.get("a", 1) is None


def test_who_changes_a_value_forgets_it() -> None:
    remembered: Remembered[str, int] = Remembered()
    remembered.get("a", 1)
    remembered.keep("a", 7)
    remembered.forget()
    assert remembered.get("a", 1) is None
