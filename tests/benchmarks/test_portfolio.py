"""How a portfolio is chosen, and one chosen from real runs."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import search_spaces
from benchmarks.portfolio import SPACE, as_toml, curve, draw, greedy, left_out, neighbours, worths
from search_spaces import FixedParameter

ROOT = Path(__file__).resolve().parents[2]


def test_a_worth_is_between_the_best_and_the_median_of_its_table() -> None:
    losses = np.array([[0.1, 0.2, 0.4, 0.8, np.inf], [1.0, 1.0, 1.0, 1.0, 1.0]])

    worth = worths(losses)

    assert worth[0] == pytest.approx([0, 0.5, 1, 1, 1])
    assert worth[1] == pytest.approx([0] * 5)


def test_each_entry_helps_the_tables_most_that_the_others_leave_alone() -> None:
    worth = np.array([[0.2, 0.0, 0.9], [0.2, 0.9, 0.0], [0.2, 0.9, 0.9]])

    chosen = greedy(worth, 3)

    assert chosen == [0, 1, 2]
    assert curve(worth, chosen) == pytest.approx([0.2, 0.4 / 3, 0.2 / 3])


def test_where_all_is_reached_the_second_best_follow() -> None:
    worth = np.array([[0.0, 1.0, 0.2, 0.9], [1.0, 0.0, 0.4, 0.9]])

    assert greedy(worth, 4) == [2, 1, 0, 3]
    assert greedy(worth[:1], 3) == [0, 2, 3]


def test_the_first_two_are_as_good_as_the_best_of_all_pairs_with_the_first() -> None:
    worth = np.random.default_rng(0).uniform(size=(6, 12))

    chosen = greedy(worth, 2)

    assert chosen[0] == worth.mean(axis=0).argmin()
    pairs = [pair for pair in itertools.permutations(range(12), 2) if pair[0] == chosen[0]]
    assert curve(worth, chosen)[1] == min(curve(worth, pair)[1] for pair in pairs)


def test_a_table_that_is_left_out_has_no_say() -> None:
    worth = np.array([[0.0, 1.0], *[[1.0, 0.0]] * 3])

    assert left_out(worth, 1) == pytest.approx([1 / 4])  # of the first only


def test_what_is_written_is_read_again_as_it_was() -> None:
    params = draw(search_spaces.load("mlp"), 3)

    read = tomllib.loads(as_toml({"classification": params}, "how\nand why"))

    for one, other in zip(params, read["classification"], strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert other[name] == (
                pytest.approx(value, rel=5e-3) if isinstance(value, float) else value
            )


def test_a_neighbour_has_most_params_of_its_entry_and_is_in_the_space() -> None:
    space = search_spaces.load(SPACE)
    entries = draw(space, 2)

    found = neighbours(entries, space, 20)

    assert len(found) == 20
    searched = [
        name for name, one in space.parameters.items() if not isinstance(one, FixedParameter)
    ]
    for params in found:
        assert space.complete(params) == params
        assert params not in entries
        shares = []
        for entry in entries:
            shared = [name for name in searched if name in params and name in entry]
            shares.append(sum(params[name] == entry[name] for name in shared) / len(shared))
        assert max(shares) > 0.4
    assert neighbours(entries, space, 20) == found


@pytest.mark.slow
def test_runs_are_gone_on_with_and_a_portfolio_is_written(tmp_path: Path) -> None:
    rows = ["a,b,y", *(f"{n % 7},{n % 5},{n % 2}" for n in range(120))]
    for name in ("one", "two"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.csv").write_text("\n".join(rows))
    results, out = tmp_path / "runs.jsonl", tmp_path / "portfolio.toml"
    command = [
        *(sys.executable, "-m", "benchmarks.portfolio", str(tmp_path / "data")),
        *("--results", str(results), "--size", "2", "--max-epochs", "2", "--near", "1"),
    ]
    subprocess.run([*command, "--draws", "3"], cwd=ROOT, check=True, capture_output=True)
    first = results.read_text().splitlines()
    subprocess.run(
        [*command, "--draws", "4", "--write", str(out)], cwd=ROOT, check=True, capture_output=True
    )

    lines = results.read_text().splitlines()
    assert lines[: len(first)] == first
    assert len(first) == 6 + 2
    assert len(lines) in (8 + 2, 8 + 4)  # the near one may be another one by now
    assert len(tomllib.loads(out.read_text())["classification"]) == 2
