"""What is said of one thing is said in the singular."""

from __future__ import annotations

from automl.wording.counts import agree, count, counted, listing, trial_words


def test_counts_agree_with_their_noun() -> None:
    assert count(1, "trial") == "1 trial"
    assert count(1200, "trial") == "1,200 trials"


def test_verbs_agree_with_their_number() -> None:
    assert [agree(n, "has", "have") for n in (0, 1, 2)] == ["have", "has", "have"]


def test_lists_end_in_and() -> None:
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_trials_are_named_by_their_numbers() -> None:
    assert trial_words([3]) == "trial 3"
    assert trial_words([3, 5, 8]) == "trials 3, 5 and 8"


def test_kinds_of_which_there_are_none_are_left_out() -> None:
    assert counted({"complete": 1200, "pruned": 0, "failed": 1}) == "1,200 complete, 1 failed"
    assert counted({}) == ""
