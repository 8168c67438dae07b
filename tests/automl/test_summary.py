"""What the commands print when they are done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import search_spaces
from automl import summary
from automl.errors import StudyError
from automl.report.notes import trial_notes
from automl.report.numbers.overview import overview
from automl.report.numbers.search import effort
from automl.report.numbers.trials import study_table
from automl.report.result_part import best_rows
from automl.result import SearchResult, result_to_json
from automl.tuning.promotion import Promotion
from automl.tuning.trial_in_training import TrialInTraining
from search_spaces import CategoricalParameter, FixedParameter, FloatParameter, SearchSpace
from storage import Finding
from storage.records import TrialRecord
from tests.contracts.synthetic_study import synthetic_study


def test_result_names_best_trial_scores_and_verdict(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_result(finished, "report.html")
    printed = capsys.readouterr().out
    assert f"best trial            {finished.best.number}, valid loss" in printed
    assert "linear model" in printed
    assert "report: report.html" in printed
    assert finished.evaluation is not None
    assert f"{finished.evaluation.scores['accuracy']:.4g}" in printed


def test_a_value_over_folds_is_said_to_be_their_mean(capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_result(SearchResult(synthetic_study(6, n_folds=3), "sqlite:///a.db"), None)
    assert "in the mean of 3 folds, at epoch" in capsys.readouterr().out


def test_terminal_json_report_and_dashboard_tell_the_same_epochs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With folds they told 9 and 7, 8 and 6, 112 and 12 of 22 of one trial."""
    records = synthetic_study(6, n_folds=3)
    result, table = SearchResult(records, "sqlite:///a.db"), study_table(records)
    runs = records.search_runs(result.best.number)
    curves = [records.epochs[run.run_id] for run in runs]
    best = [min(curve, key=lambda epoch: epoch.valid_loss).epoch for curve in curves]
    told, trained = ", ".join(map(str, best)), ", ".join(str(len(curve)) for curve in curves)
    summary.print_result(result, None)
    printed = " ".join(capsys.readouterr().out.split())  # the terminal breaks the line
    assert f"at epoch {told} of {trained}" in printed
    values: Any = result_to_json(result)
    assert values["best"]["best_epochs"] == best
    assert values["best"]["n_epochs"] == sum(map(len, curves))
    assert values["n_epochs"] == sum(map(len, records.epochs.values())) == effort(table).n_epochs
    assert values["training_seconds"] == pytest.approx(effort(table).seconds, abs=1e-3)
    assert best_rows(overview(table), "error_rate")[0][4] == f"{told} / {trained}"
    assert f"Best epoch {told} of {trained}" in trial_notes(table)[result.best.number]
    trial = TrialInTraining(0, {}, {run.run_id: None for run in runs})  # type: ignore[misc]
    for record in (epoch for curve in reversed(curves) for epoch in curve):
        trial.take(record)
    assert trial.user_attributes()["best_epochs"] == told


def test_a_study_without_trials_has_no_empty_brackets(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = SearchResult(replace(finished.records, trials=()), finished.storage, seconds=0.4)
    summary.print_result(empty, None)
    assert capsys.readouterr().out.startswith("iris-species: 0 trials in 0s\n")


def test_search_whose_trials_all_failed_says_why(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    attributes = {"cause_message": "RuntimeError: no such kernel"}
    failed = TrialRecord(0, "PRUNED", {}, cause="crashed", user_attributes=attributes)
    result = SearchResult(replace(finished.records, trials=(failed,)), finished.storage)
    assert result.has_only_failures
    summary.print_result(result, None)
    printed = capsys.readouterr().out
    assert "1 of 1 have failed" in printed
    assert "RuntimeError: no such kernel" in printed


def test_trials_left_for_the_next_call_are_unfinished(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    """They do not run when the search has ended."""
    left = replace(finished.trials[-1], state="RUNNING", cause=None)
    records = replace(finished.records, trials=(*finished.trials[:-1], left))
    summary.print_result(SearchResult(records, finished.storage), None)
    summary.print_trial(records, left.number)
    printed = capsys.readouterr().out
    assert "1 unfinished)" in printed
    assert "1 trial unfinished: the same command goes on." in printed
    assert f"trial {left.number}: unfinished" in printed
    assert "running" not in printed


def test_studies_are_listed_a_line_each(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_studies([finished], finished.storage)
    assert "iris-species" in capsys.readouterr().out


def test_names_of_studies_are_whole_and_usual_ones_fit_a_narrow_terminal(
    finished: SearchResult, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("customers-churn-2024-by-week", "x y" * 60):
        settings = replace(finished.records.settings, study_name=name)
        result = SearchResult(replace(finished.records, settings=settings), finished.storage)
        summary.print_studies([finished, result], finished.storage)
        last = capsys.readouterr().out.splitlines()[-2]
        assert last.startswith(f"  {name}   multiclass  ")
        assert len(last) <= max(80, len(name) + 46)  # of other columns
        assert last.split()[-2] == "/".join(
            str(sum(trial.outcome == outcome for trial in finished.trials))
            for outcome in ("complete", "pruned", "failed")
        )


def test_empty_database_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_studies([], "sqlite:///a.db")
    assert capsys.readouterr().out == "no studies in sqlite:///a.db\n"


def test_trial_is_shown_with_its_curve(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    number = finished.best.number
    summary.print_trial(finished.records, number)
    printed = capsys.readouterr().out
    assert f"trial {number}: complete" in printed
    (run,) = finished.records.search_runs(number)
    for record in finished.records.epochs[run.run_id]:
        assert f"{record.valid_loss:.3g}" in printed


def test_the_curves_of_folds_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_trial(synthetic_study(6, n_folds=3), 0)
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("fold")] == [
        "fold 1 of 3",
        "fold 2 of 3",
        "fold 3 of 3",
    ]
    summary.print_trial(synthetic_study(6), 0)
    assert "fold" not in capsys.readouterr().out


def test_trial_that_is_not_there_is_an_error(finished: SearchResult) -> None:
    with pytest.raises(StudyError, match="from 0 to 5"):
        summary.print_trial(finished.records, 6)


def test_space_shows_ranges_in_the_words_of_set(capsys: pytest.CaptureFixture[str]) -> None:
    space = SearchSpace.of(
        "mine",
        [
            CategoricalParameter("optimizer", choices=("adam", "sgd")),
            FloatParameter("learning_rate", 1e-4, 1e-1, log=True, reason="a wide one"),
            FixedParameter("n_layers", value=2),
        ],
    )
    summary.print_space(space)
    printed = capsys.readouterr().out
    for text in ("adam, sgd", "0.0001..0.1 (log)", "a wide one", "2 (fixed)"):
        assert text in printed


def test_every_built_in_space_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name in search_spaces.names():
        summary.print_space(search_spaces.load(name))
        assert "learning_rate" in capsys.readouterr().out


@pytest.mark.parametrize(("value", "says"), [(0.1, "That is better"), (0.3, "not better than")])
def test_promotion_says_whether_pruning_was_right(
    value: float, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, value, 0.2))
    printed = capsys.readouterr().out
    assert "pruned after 3 epochs" in printed
    assert says in printed


def test_promotion_says_whether_it_went_on_or_began_anew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, 0.1, 0.2, epochs_kept=3))
    assert "It went on after epoch 3" in capsys.readouterr().out
    summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, 0.1, 0.2))
    assert "trained again from the start" in capsys.readouterr().out


def test_finding_comes_with_the_command_that_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    finding = Finding("dead_trials", "2 trials have lost their process.", "automl search a.csv")
    summary.print_findings([finding], "sqlite:///a.db")
    printed = capsys.readouterr().out
    assert "Dead trials: 2 trials have lost their process." in printed
    assert "automl search a.csv" in printed
