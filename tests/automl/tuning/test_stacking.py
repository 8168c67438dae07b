"""Stacks stay full, and the sampler keeps its say."""

from __future__ import annotations

from automl.tuning.stacking import MAX_SLOTS_PER_STACK, REFILLS, StackPlan, slots_for


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


def test_generation_ends_after_its_refills() -> None:
    plan = StackPlan(n_slots=2)
    plan.begin(32, was_chosen=True)
    n_shared = 0
    while plan.next_batch_size([32]) == 32:  # the other slot is freed again and again
        plan.begin(32, was_chosen=False)
        n_shared += 1
    assert n_shared == 2 * (1 + REFILLS) - 1


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
    for _ in range(2 * (1 + REFILLS)):
        plan.begin(32, was_chosen=False)
    assert plan.next_batch_size([]) is None
    plan.begin(32, was_chosen=True)
    assert plan.next_batch_size([32]) == 32
