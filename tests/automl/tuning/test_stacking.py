"""How many trials train at once."""

from __future__ import annotations

from automl.tuning.stacking import MAX_SLOTS_PER_STACK, slots_for


def test_small_studies_train_ten_trials_at_once_large_ones_an_eighth() -> None:
    assert [slots_for(n_trials, 4) for n_trials in (4, 20, 100, 800)] == [4, 10, 12, 100]


def test_no_stack_is_larger_than_pays() -> None:
    assert slots_for(100_000, n_stacks=2) == 2 * MAX_SLOTS_PER_STACK
