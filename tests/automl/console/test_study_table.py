"""The list of studies: aligned, with names that can be copied whole."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from automl.console.study_table import print_studies
from storage.listed_studies import ListedStudy, listed_study
from tests.contracts.synthetic_study import synthetic_study


def listed(name: str = "digits-target", **others: object) -> ListedStudy:
    study = listed_study(synthetic_study(20, name=name, **others))  # type: ignore[arg-type]
    return replace(study, last_call_at=time.time() - 7300)


def printed(studies: list[ListedStudy], capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_studies(studies, "sqlite:///a.db")
    return capsys.readouterr().out.splitlines()


def test_a_line_says_task_score_verdict_trials_and_when(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = printed([listed(), listed("houses", task="regression")], capsys)
    assert [" ".join(line.split()) for line in lines[-3:-1]] == [
        "digits-target multiclass accuracy 97.2 % High variance 20 40k 2 h ago",
        "houses regression RMSE 3.200 High variance 20 40k 2 h ago",
    ]


def test_usual_studies_fit_and_are_aligned(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    wide = replace(listed(), settings=replace(listed().settings, metric="balanced_accuracy"))
    lines = printed([listed("customers-churn-2024"), wide], capsys)
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if "multiclass" in line]
    assert len(rows) == 2
    for sign in ("multiclass", "2 h ago"):
        assert len({row.index(sign) for row in rows}) == 1


def test_names_are_whole_however_long(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    name = "x y" * 60
    assert any(line.strip().startswith(f"{name}  ") for line in printed([listed(name)], capsys))


def test_a_study_without_a_score_is_listed_too(capsys: pytest.CaptureFixture[str]) -> None:
    study = synthetic_study(20)
    unscored = listed_study(replace(study, evaluations=()))
    empty = listed_study(replace(study, trials=(), evaluations=(), diagnoses=()))
    lines = [" ".join(line.split()) for line in printed([unscored, empty], capsys)]
    assert any("valid loss" in line for line in lines)
    assert any(line.startswith("digits-target multiclass 0 ") for line in lines)


def test_a_fit_that_is_only_as_good_is_not_listed_as_good(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    records = synthetic_study(20)
    tied = replace(records.diagnoses[0], kind="good_fit", severity="info")
    study = listed_study(replace(records, diagnoses=(tied,)))
    said = " ".join(" ".join(printed([study], capsys)).split())
    assert "good fit" not in said.lower()
    assert "No bias or variance seen" in said, "in the words of all other places"


def test_empty_database_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed([], capsys) == ["no studies in sqlite:///a.db"]
