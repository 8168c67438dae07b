"""Stacks stay full, and the sampler keeps its say."""

from __future__ import annotations

from collections import Counter

import search_spaces
from automl.tuning.stacking import (
    MAX_SLOTS_PER_STACK,
    TRIALS_PER_GENERATION,
    TRIALS_TO_COVER,
    StackPlan,
    batch_sizes,
    slots_for,
)


def test_small_studies_train_ten_trials_at_once_large_ones_an_eighth() -> None:
    assert [slots_for(n_trials, 4) for n_trials in (4, 20, 100, 800)] == [4, 10, 12, 100]


def test_no_stack_is_larger_than_pays() -> None:
    assert slots_for(100_000, n_stacks=2) == 2 * MAX_SLOTS_PER_STACK


def test_trials_after_the_first_share_its_batch_size() -> None:
    plan = StackPlan(n_slots=4)
    assert plan.next_batch_size([]) is None
    plan.begin(32, was_chosen=True)
    training = [32]
    while len(training) < 4:
        assert plan.next_batch_size(training) == 32
        plan.begin(32, was_chosen=False)
        training.append(32)
    assert plan.next_batch_size(training) is None


def test_generation_ends_after_its_trials() -> None:
    plan = StackPlan(n_slots=2)
    plan.begin(32, was_chosen=True)
    n_trials = 1
    while plan.next_batch_size([32]) == 32:  # the other slot is freed again and again
        plan.begin(32, was_chosen=False)
        n_trials += 1
    assert n_trials == TRIALS_PER_GENERATION


def test_every_batch_size_is_tried_before_the_sampler_chooses() -> None:
    plan = StackPlan(n_slots=12, choices=(16, 32, 64))
    for _ in range(3 * TRIALS_TO_COVER):
        plan.begin(plan.next_batch_size([]), was_chosen=False)
    assert plan.tried == {16: TRIALS_TO_COVER, 32: TRIALS_TO_COVER, 64: TRIALS_TO_COVER}
    assert plan.next_batch_size([]) is None


def test_a_continued_study_does_not_cover_again() -> None:
    plan = StackPlan(n_slots=12, choices=(16, 32), tried=Counter({16: 5, 32: 5}))
    assert plan.next_batch_size([]) is None


def test_batch_sizes_of_a_space() -> None:
    space = search_spaces.load("mlp")
    assert batch_sizes(space.narrow(["batch_size=16,full"])) == (16, "full")
    assert batch_sizes(space.narrow(["batch_size=16"])) == ()


def test_each_worker_gets_a_stack_of_its_own() -> None:
    plan = StackPlan(n_slots=4, n_stacks=2)
    plan.begin(32, was_chosen=True)
    plan.begin(32, was_chosen=False)
    assert plan.next_batch_size([32, 32]) is None
    plan.begin(64, was_chosen=True)
    assert plan.next_batch_size([32, 32, 64]) == 64


def test_one_slot_leaves_every_choice_to_the_sampler() -> None:
    """So a killed and continued study of one slot proposes what the uninterrupted one would."""
    plan = StackPlan(n_slots=1)
    plan.begin(32, was_chosen=True)
    assert plan.next_batch_size([]) is None


def test_a_batch_size_chosen_again_begins_a_new_generation() -> None:
    plan = StackPlan(n_slots=2)
    plan.begin(32, was_chosen=True)
    for _ in range(TRIALS_PER_GENERATION - 1):
        plan.begin(32, was_chosen=False)
    assert plan.next_batch_size([]) is None
    plan.begin(32, was_chosen=True)
    assert plan.next_batch_size([32]) == 32
