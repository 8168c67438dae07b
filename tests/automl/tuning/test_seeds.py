"""Seeds depend on every name, and on nothing else."""

from __future__ import annotations

from automl.tuning.seeds import derive_seed


def test_seed_is_the_same_in_every_process() -> None:
    """A stored study is continued by another process: Python's own hash would differ."""
    assert derive_seed(0, 17, "search", 0) == derive_seed(0, 17, "search", 0) == 22369470


def test_each_name_and_their_order_count() -> None:
    seeds = {
        derive_seed(0, 1, "search", 0),
        derive_seed(1, 1, "search", 0),
        derive_seed(0, 2, "search", 0),
        derive_seed(0, 1, "confirm", 0),
        derive_seed(0, 1, "search", 1),
        derive_seed(0, "search", 1, 0),
    }
    assert len(seeds) == 6


def test_seeds_fit_every_generator() -> None:
    assert all(0 <= derive_seed(0, number) < 2**31 for number in range(1000))
