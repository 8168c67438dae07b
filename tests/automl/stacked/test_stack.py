"""One stack: members' numbers, an epoch's order and its windows."""

from __future__ import annotations

import pytest
import torch

from automl.stacked import stack_rows
from automl.stacked.blocks import sort_key
from automl.stacked.member import Member
from automl.stacked.stack import Stack
from automl.stacked.stack_rows import Tables
from automl.training.config import RowSubset, RunConfig
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def made(runs: list[RunConfig]) -> Stack:
    tables = Tables(tiny_dataset(n_folds=2), torch.device("cpu"), torch.float64)
    ordered = sorted(runs, key=lambda run: sort_key(run.model))
    stack = Stack(tables, [Member(run) for run in ordered])
    for k in range(len(runs)):
        stack.initialize(k)
    return stack


def test_an_epoch_goes_through_each_runs_own_rows_once() -> None:
    own = RowSubset(0.5, 1, seed=2)
    stack = made([tiny_run(1, rows=own), tiny_run(2, rows=own, fold=1, seed=9)])
    stack.train_epoch()
    order = stack.rows.order([1, 1])
    assert stack.rows.own_rows is not None
    for k in range(2):
        expected = stack.rows.own_rows[k] + stack.rows.train_starts[k]
        assert order[k].sort().values.tolist() == expected.tolist()


def test_windows_cut_long_epochs_without_changing_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, cut = (made([tiny_run(1, dropout=0.2), tiny_run(2)]) for _ in range(2))
    whole.train_epoch()
    monkeypatch.setattr(stack_rows, "WINDOW_ROWS", 70)
    cut.train_epoch()
    assert torch.equal(whole.values.flat, cut.values.flat)
    assert whole.members[0].step == cut.members[0].step == whole.n_steps


def test_survivors_take_their_moments_to_another_stack() -> None:
    stack = made([tiny_run(1, optimizer="adam"), tiny_run(2, optimizer="adagrad", n_layers=3)])
    stack.train_epoch()
    other = Stack(stack.tables, [stack.members[0], Member(tiny_run(3))])  # run 2 is the deeper
    other.take_over(stack)
    assert other.updates.names[0] == "adagrad"
    wanted = stack.updates.read_moments(0, 6)
    assert all(torch.equal(v, wanted[n]) for n, v in other.updates.read_moments(0, 6).items())


def test_weights_before_the_last_step_are_kept_in_measured_epochs_only() -> None:
    stack = made([tiny_run(1)])
    kept = []
    for _ in range(3):
        stack.train_epoch()
        kept.append(bool(stack.before_last_step))
    assert kept == [False, True, False]
