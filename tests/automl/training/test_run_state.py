from __future__ import annotations

import math
from dataclasses import replace

import torch

from automl.training.plain import PlainTrainer
from automl.training.run_state import RunState, copied_state
from automl.training.trainer import Checkpoint
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, tiny_run


def trained(n_epochs: int) -> RunState:
    trainer = PlainTrainer(tiny_dataset())
    curve(trainer, tiny_run(), n_epochs)
    return trainer._runs[1]


def test_only_better_epochs_are_kept() -> None:
    state = trained(1)
    (record,) = curve(PlainTrainer(tiny_dataset()), tiny_run(), 1)
    kept = state.kept
    state.keep_if_best(replace(record, epoch=2, valid_loss=kept.best.valid_loss + 1))
    state.keep_if_best(replace(record, epoch=3, valid_loss=math.nan))
    assert state.kept is kept
    state.keep_if_best(replace(record, epoch=4, valid_loss=0.0))
    assert (state.kept.best.epoch, state.kept.best.valid_loss) == (4, 0.0)
    assert state.kept.weights is not kept.weights


def test_a_checkpoint_is_taken_over_whole() -> None:
    checkpoint = trained(3).checkpoint()
    other = trained(1)
    other.go_on_from(checkpoint)
    again = other.checkpoint()
    assert (again.epoch, again.step, again.best) == (3, 18, checkpoint.best)
    for part in ("weights", "optimizer", "best_weights"):
        found, expected = getattr(again, part), getattr(checkpoint, part)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in found)


def test_a_state_without_the_first_of_equal_epochs_counts_from_the_one_it_has() -> None:
    """Studies that were made before kept the first of equally good epochs, and no other."""
    checkpoint = trained(2).checkpoint()
    arrays, numbers = checkpoint.to_arrays()
    del numbers["best_since"]
    again = Checkpoint.from_arrays(checkpoint.run, arrays, {**numbers, "best_epoch": 1})
    assert (again.best.epoch, again.best.since) == (1, 1)


def test_a_copied_state_lies_in_rows_whatever_the_network_does() -> None:
    module = torch.nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
    copied = copied_state(module)
    assert all(values.is_contiguous() for values in copied.values())
    assert torch.equal(copied["weight"], module.weight)
