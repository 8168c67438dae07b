"""What a change is worth beside the base."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks.ablation import read_params, with_rates, worth_of
from benchmarks.recorded_runs import Recorded
from search_spaces import SearchSpaceError


def run(table: str, task: str, loss: float, rate: float = 0.1, seed: int = 0) -> Recorded:
    return Recorded(table, task, seed, {"learning_rate": rate}, loss, 5, 2.0)


def test_of_several_rates_the_best_counts_and_a_table_once() -> None:
    base = [
        *(run("a", "binary", loss, rate) for rate, loss in ((0.1, 0.4), (0.3, 0.2))),
        *(run("a", "binary", loss, rate, 1) for rate, loss in ((0.1, 0.2), (0.3, 0.4))),
        run("b", "multiclass", 0.5),
        run("c", "regression", 1.0),
    ]
    changed = [
        *(run("a", "binary", loss, rate) for rate, loss in ((0.1, 0.1), (0.3, math.inf))),
        *(run("a", "binary", loss, rate, 1) for rate, loss in ((0.1, 0.9), (0.3, 0.1))),
        run("b", "multiclass", 0.5),
        run("c", "regression", 2.0),
    ]

    classes = worth_of("x=1", changed, base, "classes")
    quantities = worth_of("x=1", changed, base, "quantities")

    assert (classes.n_tables, quantities.n_tables) == (2, 1)
    assert classes.ratio == pytest.approx(math.sqrt(0.5))
    assert classes.low < classes.ratio < classes.high
    assert (quantities.ratio, quantities.high) == (pytest.approx(2.0), math.inf)
    assert classes.seconds == 1.0


def test_a_change_that_fails_everywhere_has_no_ratio() -> None:
    lost = worth_of("x=1", [run("a", "binary", math.inf)], [run("a", "binary", 0.5)], "classes")

    assert math.isnan(lost.ratio) and lost.n_tables == 0


def test_runs_of_other_lengths_are_others() -> None:
    one = run("a", "binary", 0.1)

    assert replace(one, loss=0.2).key == one.key
    assert len({replace(one, max_epochs=n).key for n in (1, 2)}) == 2


def test_values_are_read_as_the_registry_has_them() -> None:
    params = read_params(["n_layers=2", "learning_rate=0.01", "activation=relu", "max_norm=none"])

    assert params == {
        "n_layers": 2, "learning_rate": 0.01, "activation": "relu", "max_norm": "none"
    }  # fmt: skip
    assert [one["learning_rate"] for one in with_rates(params)] == pytest.approx(
        [0.01 / 3, 0.01, 0.03]
    )
    with pytest.raises(SearchSpaceError):
        read_params(["n_layers=two"])
