"""The best trial as `best` prints it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from automl.console.best_summary import print_best
from automl.errors import StudyError
from automl.result import SearchResult
from tests.contracts.synthetic_study import synthetic_study


def test_value_parameters_scores_and_weights_are_there(
    width: int, finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    best = finished.best
    print_best(finished, [Path("a.safetensors")])
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0].startswith(f"trial {best.number} of iris-species: valid loss ")
    assert all(name in printed for name in best.params)
    assert "on validation rows" in printed and "on test rows" in printed
    assert lines[-1] == "weights: a.safetensors"
    assert max(map(len, lines)) <= width
    assert "…" not in printed and "balanced accuracy" in printed


def test_a_trial_that_was_not_scored_alone_has_no_scores(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = replace(synthetic_study(20), answers=(), evaluations=())
    print_best(SearchResult(records, ""), [])
    printed = capsys.readouterr().out
    assert "rows" not in printed
    assert printed.endswith("weights: not kept\n")


def test_without_a_complete_trial_there_is_no_best() -> None:
    with pytest.raises(StudyError, match="a best trial needs one that is complete"):
        print_best(SearchResult(replace(synthetic_study(20), trials=()), ""), [])
