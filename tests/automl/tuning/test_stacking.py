"""How many trials are unfinished at once."""

from __future__ import annotations

from automl.tuning.stacking import MAX_SLOTS, growing, most_unfinished, ready, slots_of


def test_slots_grow_with_the_trials_that_have_ended_from_ten_to_a_most() -> None:
    assert [growing(n_ended) for n_ended in (0, 160, 176, 320, 10**6)] == [
        10,
        10,
        11,
        20,
        MAX_SLOTS,
    ]


def test_slots_that_are_fixed_do_not_grow() -> None:
    assert [slots_of(3).in_slots(n_ended) for n_ended in (0, 10**6)] == [3, 3]
    assert slots_of(0).in_slots(320) == growing(320)


def test_one_slot_means_one_trial_after_the_other() -> None:
    assert ready(1) == 0
    assert most_unfinished(1) == 1


def test_memory_is_for_those_that_are_ready_too() -> None:
    assert most_unfinished(10) == 10 + ready(10) > 10
    assert most_unfinished(0) == MAX_SLOTS + ready(MAX_SLOTS)
