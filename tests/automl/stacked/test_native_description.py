"""Runs share one buffer, and each has numbers of its own."""

from __future__ import annotations

import torch

from automl.stacked.blocks import StackLayout
from automl.stacked.native_description import DescribedRun, Scratch
from tests.contracts.trainer_contract import tiny_run


def described(scratch: Scratch, hidden_size: int) -> tuple[DescribedRun, torch.Tensor]:
    run = tiny_run(hidden_size=hidden_size)
    layout = StackLayout.of([run.model], 5, (), 3)
    numbers = torch.zeros(4, 1000 + hidden_size * (hidden_size + 100))
    return DescribedRun(run, layout, numbers, scratch, 16), numbers


def test_what_lives_for_a_step_lies_in_one_buffer_for_all_runs() -> None:
    scratch = Scratch(torch.zeros(0))
    larger, of_larger = described(scratch, 40)
    n_numbers = len(scratch.numbers)
    smaller, of_smaller = described(scratch, 8)
    assert len(scratch.numbers) == n_numbers
    begin = scratch.numbers.data_ptr()
    for run, own in ((larger, of_larger), (smaller, of_smaller)):
        for place in (run.network.inputs, run.update.gradients, run.before, run.targets):
            assert begin <= place < begin + 4 * n_numbers
        assert run.update.values == own.data_ptr()


def test_a_larger_run_gets_a_larger_buffer_and_the_smaller_keeps_its_own() -> None:
    scratch = Scratch(torch.zeros(0))
    smaller, _ = described(scratch, 8)
    before, first = scratch.numbers, smaller.network.inputs
    larger, _ = described(scratch, 40)
    assert scratch.numbers is not before
    assert smaller.network.inputs == first
    begin = scratch.numbers.data_ptr()
    assert begin <= larger.network.inputs < begin + 4 * len(scratch.numbers)
