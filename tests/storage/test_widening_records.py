from __future__ import annotations

from storage.widening_records import WideningRecord, widened_space

SPACE = {
    "name": "two",
    "parameters": {
        "dropout": {"type": "float", "low": 0.0, "high": 0.2, "log": False},
        "n_layers": {"type": "int", "low": 1, "high": 3, "log": False},
    },
}


def test_the_last_widening_of_a_range_holds() -> None:
    looks = [
        WideningRecord(25, {"n_layers": (1.0, 5.0)}),
        WideningRecord(50),
        WideningRecord(100, {"n_layers": (1.0, 9.0)}),
    ]
    found = widened_space(SPACE, looks)["parameters"]
    assert found["n_layers"] == {"type": "int", "low": 1, "high": 9, "log": False}
    assert type(found["n_layers"]["high"]) is int
    assert found["dropout"] is SPACE["parameters"]["dropout"]  # type: ignore[index]


def test_a_space_that_was_not_widened_is_itself() -> None:
    assert widened_space(SPACE, [WideningRecord(25)]) is SPACE
    empty: dict[str, object] = {}
    assert widened_space(empty, [WideningRecord(25, {"n_layers": (1.0, 2.0)})]) is empty
