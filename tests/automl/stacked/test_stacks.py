"""Stacks by torch: made for the runs that are due, with the numbers of all that moved."""

from __future__ import annotations

import torch

from automl.stacked.stack_rows import Tables
from automl.stacked.stacks import TorchStacks
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def stacks() -> TorchStacks:
    return TorchStacks(Tables(tiny_dataset(), torch.device("cpu"), torch.float64))


def test_runs_that_are_due_share_stacks_without_those_that_rest() -> None:
    places = stacks()
    places.begin([tiny_run(n) for n in range(6)] + [tiny_run(6, batch_size=32)])
    assert sorted(map(sorted, places.groups([0, 2, 4, 6]))) == [[0, 2, 4], [6]]
    assert sorted(map(sorted, places.groups(range(7)))) == [[0, 1, 2, 3, 4, 5], [6]]


def test_the_same_runs_keep_their_stack() -> None:
    places = stacks()
    places.begin([tiny_run(n) for n in range(3)])
    (group,) = places.groups([0, 1])
    before = {id(stack) for stack in places._stacks()}
    assert places.groups([0, 1]) == [group]
    assert {id(stack) for stack in places._stacks()} == before


def test_numbers_move_with_their_runs() -> None:
    places = stacks()
    places.begin([tiny_run(n, n_layers=n % 3, optimizer="adam") for n in range(4)])
    for group in places.groups(range(4)):
        places.train(group)
    before = [places.checkpoint(n) for n in range(4)]
    places.groups([3, 0])
    for n, wanted in enumerate(before):
        found = places.checkpoint(n)
        for part in ("weights", "optimizer", "best_weights"):
            kept = getattr(wanted, part)
            assert all(torch.equal(getattr(found, part)[name], v) for name, v in kept.items())
