from __future__ import annotations

from storage.ranking import rank


def test_complete_trials_come_first_then_those_that_came_farther() -> None:
    ranks = {
        "complete": rank(3, 0.5, 10, is_complete=True),
        "better, and complete after fewer epochs": rank(4, 0.4, 2, is_complete=True),
        "stopped late": rank(0, 0.9, 8, is_complete=False),
        "stopped late, and worse": rank(1, 1.0, 8, is_complete=False),
        "stopped early with a lower loss": rank(2, 0.1, 3, is_complete=False),
    }
    assert sorted(ranks, key=lambda name: ranks[name]) == [
        "better, and complete after fewer epochs",
        "complete",
        "stopped late",
        "stopped late, and worse",
        "stopped early with a lower loss",
    ]
