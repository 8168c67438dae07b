"""What is said of a trial that was trained again."""

from __future__ import annotations

from typing import Any

import pytest

from automl.console.reproduction_summary import (
    GPU,
    UNKNOWN_CAUSE,
    print_reproduction,
    reproduction_lines,
)
from automl.investigation.compared_curves import ComparedFold, Difference
from automl.investigation.laboratory import Means
from automl.investigation.reproduction import ReproducedTrial

SAME = ComparedFold(0, 12, 12, 12, 12, None, 0.0)
OTHER = ComparedFold(1, 12, 12, 4, 4, Difference(5, "valid_loss", 0.5, 0.25), 0.5)


def lines(*folds: ComparedFold, means: Means | None = None, **said: Any) -> list[str]:
    trial = ReproducedTrial("titanic", 17, "pruned", means or Means(), folds, **said)
    return list(reproduction_lines(trial))


def test_the_same_is_said_in_one_line() -> None:
    assert lines(SAME) == ["trial 17 of titanic: the same, bit for bit: 12 epochs"]


def test_where_it_differs_first_is_said_of_each_fold() -> None:
    told = lines(SAME, OTHER)
    assert told[0].endswith("not the same")
    assert told[1] == (
        "fold 2 of 2: first in epoch 5 of 12: valid loss was 0.5 then and is 0.25 now; "
        "losses differ by 0.5 of theirs at most"
    )
    assert told[2:] == [UNKNOWN_CAUSE]


def test_another_length_is_said() -> None:
    told = lines(ComparedFold(0, 12, 9, 9, 9, None, 0.0))
    assert "the 9 epochs that both have are the same, but it had 12 then and has 9 now" in told


def test_changes_are_said_and_are_the_reason() -> None:
    told = lines(OTHER, changes={"torch": ("2.12.0", "2.13.0")})
    assert told[-1] == "torch was 2.12.0 then and is 2.13.0 now"
    assert lines(OTHER, means=Means(device="cuda"))[-1] == GPU


def test_how_far_rounding_has_grown_is_said() -> None:
    how: dict[str, Any] = {"is_exact": False, "means": Means("plain")}
    told = lines(ComparedFold(0, 12, 12, 12, 12, None, 1e-7), **how)
    assert told[0].endswith("the same, but for rounding: 12 epochs")
    assert told[1].startswith("By another trainer (plain)") and told[1].endswith("at most.")
    (_, grown) = lines(ComparedFold(0, 12, 14, 12, 5, None, 0.08), **how)
    assert "the first 5 epochs differ by rounding only, then it grows, to 0.08" in grown
    apart = ComparedFold(0, 12, 12, 0, 0, Difference(1, "valid_loss", 0.5, 0.4), 0.2)
    told = lines(apart, **how)
    assert told[0].endswith("not the same")
    assert "more than rounding in the first epoch: 0.2" in told[-1]
    assert "its own trainer tells" in told[-1]


def test_what_cannot_be_told_is_said_with_the_reason() -> None:
    first = Difference(1, "valid_loss", 0.5, 0.4)
    chaotic = ComparedFold(0, 12, 12, 0, 0, first, 0.2, is_chaotic=True)
    how: dict[str, Any] = {"is_exact": False, "means": Means("plain")}
    answer, why = lines(chaotic, **how)
    assert answer.endswith("cannot be told by another trainer (plain)")
    assert "by 0.2 of theirs" in why and "its own trainer tells" in why
    assert lines(chaotic, cause="diverged", **how)[0].endswith("not the same")


@pytest.mark.parametrize(
    ("cause", "now", "message", "sentence"),
    [
        ("diverged", None, "", "It had failed then (diverged), and does not now."),
        (None, "crashed", "no", "It failed not then, and now (crashed: no)."),
        ("crashed", "lost", "", "It failed (crashed) then, and now (lost)."),
    ],
)
def test_another_end_is_said(
    cause: str | None, now: str | None, message: str, sentence: str
) -> None:
    assert sentence in lines(SAME, cause=cause, cause_now=now, message_now=message)


def test_what_failed_again_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = ComparedFold(0, 0, 0, 0, 0, None, 0.0)
    trial = ReproducedTrial("t", 0, "failed", Means(), (nothing,), "hopeless", "hopeless")
    print_reproduction(trial)
    assert capsys.readouterr().out == "trial 0 of t: the same; it failed again (hopeless)\n"
