"""What `diagnose` prints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.console.verdicts import marked, print_verdict
from automl.result import SearchResult
from storage.records import Diagnosis
from tests.contracts.synthetic_study import synthetic_study


def study(**changes: object) -> SearchResult:
    return SearchResult(replace(synthetic_study(30), **changes), "sqlite:///a.db")


def test_quoted_options_are_coloured_and_lose_their_quotes() -> None:
    text = marked("Use `--drop x`, or a ` alone.")
    assert text.plain == "Use --drop x, or a ` alone."
    assert [text.plain[span.start : span.end] for span in text.spans if span.style] == ["--drop x"]


def test_diagnose_says_everything(capsys: pytest.CaptureFixture[str]) -> None:
    (verdict,) = study().diagnoses
    other = replace(verdict, kind="few_trials", message="Few trials: ten at most.", advice=())
    print_verdict(study(diagnoses=(verdict, other)))
    printed = capsys.readouterr().out
    for text in ("No better than boosted trees", "High variance: train loss", "Few trials: ten"):
        assert text in printed


def test_what_was_tried_stands_in_a_table_behind_the_verdicts(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (verdict,) = study().diagnoses
    evidence = {
        "label": "dropout=0.346",
        "gain": 0.0123,
        "gain_low": -0.002,
        "gain_high": 0.026,
        "loss_before": 0.155,
        "loss_after": 0.143,
        "n_seeds": 4,
        "n_seeds_planned": 5,
        "n_epochs": 20,
    }
    answers = [
        Diagnosis(kind, "info", "a long sentence", evidence, trial_number=5)
        for kind in ("advice_helps", "advice_undecided")
    ]
    failed = Diagnosis("advice_failed", "info", "Nothing can be said of it.", {"label": "l1=0"})
    print_verdict(study(diagnoses=(verdict, *answers, failed)))
    printed = capsys.readouterr().out
    assert "a long sentence" not in printed
    assert "Nothing can be said of it" in printed
    rows = [line.split() for line in printed.splitlines() if "dropout=0.346" in line]
    assert " ".join(rows[0]) == "dropout=0.346 helps 0.143 0.012 -0.002 to 0.026 4 of 5"
    assert "undecided" in rows[1]
    assert "first fold" not in printed
    assert max(len(line) for line in printed.splitlines() if "dropout=0.346" in line) <= width


def test_what_diverged_when_it_was_tried_and_on_which_fold_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evidence = {"label": "l1=0", "gain": 0.01, "n_diverged": 2}
    answer = Diagnosis("advice_undecided", "info", "", evidence, trial_number=5)
    settings = replace(study().records.settings, split={"n_folds": 5})
    print_verdict(study(diagnoses=(answer,), settings=settings))
    printed = capsys.readouterr().out
    assert "undecided, 2 diverged" in printed
    assert "Tried on the first fold only." in printed
