"""What a search will use, known before it begins."""

from __future__ import annotations

import search_spaces
from automl.tuning.memory import MemoryPlan, largest_run, plan_memory
from tests.contracts.tiny_datasets import tiny_dataset

SPACE = search_spaces.load("mlp").for_task("multiclass")


def plan(n_slots: int = 16, n_stacks: int = 2, free_bytes: int | None = None) -> MemoryPlan:
    return plan_memory(
        SPACE, tiny_dataset(), n_slots=n_slots, n_stacks=n_stacks, free_bytes=free_bytes
    )


def test_the_worst_case_is_the_largest_network_and_batch() -> None:
    run = largest_run(SPACE.narrow(["hidden_size=8..512", "n_layers=3", "batch_size=16,64"]))
    assert (run.model.n_layers, run.model.hidden_size, run.training.batch_size) == (3, 512, 64)


def test_full_batches_are_larger_than_any_number() -> None:
    assert largest_run(SPACE.narrow(["batch_size=512,full"])).training.batch_size is None


def test_what_fits_is_left_as_it_is() -> None:
    assert plan(free_bytes=None).n_slots == plan(free_bytes=2**40).n_slots == 16


def test_slots_are_halved_until_half_of_what_is_free_suffices() -> None:
    needed = plan(free_bytes=None).n_bytes
    smaller = plan(free_bytes=needed)
    assert smaller.n_slots < 16
    assert smaller.n_bytes <= needed / 2
    assert plan(free_bytes=1).n_slots == 1


def test_plan_is_told_in_words() -> None:
    text = str(MemoryPlan(n_slots=12, n_stacks=2, n_bytes=84 * 2**20))
    assert text == "up to 12 trials at once, 2 workers, at most 84 MB of memory"
