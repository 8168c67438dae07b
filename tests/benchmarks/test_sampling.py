"""The comparison of one search policy with another on real tables."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import sampling
from benchmarks.loss_ratios import LEAST_LOSS
from benchmarks.sampling import Pair, pairs_of, ratio_over_tables, reached, schedule, summary
from benchmarks.sampling_search import Data, Effort, Outcome, search

EFFORT = Effort(60.0)
POLICIES = ("freeze_thaw", "optuna")


def outcome(policy: str, *best: tuple[float, float], table: str = "t", seed: int = 0) -> Outcome:
    return Outcome(table, policy, seed, str(EFFORT), list(best), 60.0, 9, 3, 40)


def pair(first: float, second: float, table: str = "t", seed: int = 0) -> Pair:
    found = [
        outcome(policy, (5.0, loss), table=table, seed=seed)
        for policy, loss in zip(POLICIES, (first, second), strict=True)
    ]
    return Pair(*found)


def test_a_lower_loss_of_the_first_is_a_ratio_below_1() -> None:
    ratio = ratio_over_tables([pair(0.1, 0.2, "a"), pair(0.2, 0.4, "b"), pair(0.3, 0.6, "c")])
    assert (ratio.mean, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 0.5))


def test_tables_are_the_unit_however_many_seeds_they_have() -> None:
    """Logarithms of 1/4 and 1 of two tables: Student's t with one degree of freedom."""
    pairs = [*(pair(0.1, 0.4, "a", seed) for seed in range(3)), pair(0.3, 0.3, "b")]
    ratio = ratio_over_tables(pairs)
    assert ratio.mean == pytest.approx(0.5)
    reach = 12.706 * math.log(2)  # the standard error of these two is log 2
    assert ratio.high == pytest.approx(0.5 * math.exp(reach), rel=1e-3)


def test_one_table_has_no_interval() -> None:
    numbers = summary([pair(0.1, 0.2)])
    assert (numbers["low"], numbers["high"]) == (0.0, None)
    assert numbers["ratio"] == pytest.approx(0.5)


def test_a_search_that_never_has_the_others_loss_counts_as_above_the_limit() -> None:
    first = outcome("freeze_thaw", (5.0, 0.4), (20.0, 0.2), (50.0, 0.1))
    second = outcome("optuna", (10.0, 0.3), (40.0, 0.2))
    pairs = [Pair(first, second)]
    assert reached(pairs) == ([20.0], [math.inf])
    numbers = summary(pairs)
    assert (numbers["first_reaches"], numbers["second_reaches"]) == (20.0, None)
    assert (numbers["first_reached"], numbers["second_reached"]) == (1, 0)


def test_either_policy_goes_first_as_often_with_each_table() -> None:
    tables = [Data(None, name) for name in ("iris", "wine")]
    jobs = schedule(tables, POLICIES, n_seeds=2)
    first = [(data.name, policy) for data, policy, _ in jobs[::2]]
    assert sorted(first) == [(t, p) for t in ("iris", "wine") for p in POLICIES]
    assert len(set(jobs)) == 8


def test_pairs_without_a_loss_are_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = [outcome("freeze_thaw", (1.0, 0.5)), outcome("optuna")]
    found += [outcome(policy, (1.0, 0.5), table="u") for policy in POLICIES]
    assert [one.first.table for one in pairs_of(found, POLICIES)] == ["u"]
    assert "t, seed 0: no loss" in capsys.readouterr().err


def test_a_pair_with_a_loss_of_0_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Both at 0 are equal; against another loss it counts as the least that there is."""
    first, second = POLICIES
    found = [outcome(policy, (1.0, 0.5), (2.0, 0.0)) for policy in POLICIES]
    found += [outcome(first, (1.0, 0.0), table="u"), outcome(second, (1.0, 0.5), table="u")]
    equal, better = pairs_of(found, POLICIES)
    assert equal.log_ratio == 0.0
    assert math.exp(better.log_ratio) == pytest.approx(2 * LEAST_LOSS)
    assert summary([equal, better])["n_pairs"] == 2
    assert not capsys.readouterr().err


def test_a_call_that_was_cut_off_goes_on_with_what_it_has(tmp_path: Path) -> None:
    """Nothing is searched here: the table of the jobs does not exist."""
    results = tmp_path / "results.jsonl"
    found = [outcome(policy, (1.0, 0.5), table="none") for policy in POLICIES]
    results.write_text("".join(json.dumps(asdict(one)) + "\n" for one in found))
    jobs = schedule([Data(tmp_path / "none.csv")], POLICIES, n_seeds=1)
    assert sampling.run(jobs, EFFORT, results) == found


@pytest.mark.slow
def test_a_number_of_epochs_gives_the_same_again() -> None:
    wine = Data(None, "wine")
    once, again = (search(wine, "freeze_thaw", 1, Effort(30, True, 1)) for _ in range(2))
    assert once.n_epochs == 30
    assert once.best == again.best
    assert once.best[0][0] == 1
    assert [loss for _, loss in once.best] == sorted({loss for _, loss in once.best})[::-1]


@pytest.mark.slow
def test_a_search_by_time_says_when_it_had_its_losses() -> None:
    found = search(Data(None, "wine"), "optuna", 0, Effort(15.0, n_workers=1))
    assert found.has_loss
    assert 0 < found.best[0][0] < found.when(found.loss) < found.seconds < 30
