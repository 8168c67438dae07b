"""What it is worth that nothing is proposed twice, on spaces of few combinations."""

from __future__ import annotations

from benchmarks import duplicates


def test_a_space_has_a_loss_for_every_combination() -> None:
    losses = duplicates.losses_of(0)
    assert len(losses) == 864
    assert losses == duplicates.losses_of(0) != duplicates.losses_of(1)


def test_without_duplicates_all_are_different() -> None:
    """By chance alone 60 of 864 are 58 different ones: what is counted is what TPE prefers."""
    repeated = duplicates.search(0, 60, allows_duplicates=True)
    moved = duplicates.search(0, 60, allows_duplicates=False)
    assert moved.n_different == 60
    assert repeated.n_different < 50
    assert moved.n_better <= repeated.n_better


def test_moving_takes_time() -> None:
    assert 0 < duplicates.milliseconds_per_proposal(30) < 100
