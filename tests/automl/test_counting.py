"""What is said of one thing is said in the singular."""

from __future__ import annotations

from automl.counting import agree, count


def test_counts_agree_with_their_noun() -> None:
    assert count(1, "trial") == "1 trial"
    assert count(1200, "trial") == "1,200 trials"
    assert count(2, "axis", "axes") == "2 axes"


def test_verbs_agree_with_their_number() -> None:
    assert [agree(n, "has", "have") for n in (0, 1, 2)] == ["have", "has", "have"]
