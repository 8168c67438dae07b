"""What the commands print of a study when they are done."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from automl.console import summary
from automl.console.trial_summary import print_trial
from automl.diagnostics import diagnose_study
from automl.errors import ConfigError
from automl.estimators.held_result import HeldResult
from automl.report.notes import trial_notes
from automl.report.numbers.effort import effort
from automl.report.numbers.overview import overview
from automl.report.numbers.study import study_table
from automl.report.result_part import best_rows
from automl.result import SearchResult
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining
from automl.wording.numbers import percent
from automl.wording.option_names import spoken_as_typed
from automl.wording.scores import score_text
from storage.records import Advice, SpaceChange, StudyRecords, TrialRecord
from storage.score_records import (
    AnswerKind,
    AnswerMember,
    AnswerRecord,
    EvaluationRecord,
    ReferenceName,
    ReferenceRecord,
)
from tests.contracts import store_contract
from tests.contracts.synthetic_study import synthetic_study


def study(**changes: object) -> SearchResult:
    return SearchResult(replace(synthetic_study(30), **changes), "sqlite:///a.db")


def test_headline_and_verdict_come_first(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_result(finished, "report.html")
    standing, rest = capsys.readouterr().out.split(" on 30 test rows", 1)
    assert standing.split(" than ")[0] in ("Better", "No better", "Worse")
    assert f"iris-species: {len(finished.trials)} trials (" in rest
    assert f"best trial {finished.best.number}: valid loss" in rest
    assert rest.rstrip().endswith("report: report.html")
    assert finished.evaluation is not None
    assert score_text("accuracy", finished.evaluation.scores["accuracy"]) in rest


def test_a_search_shows_what_it_searched_and_show_what_was_fixed_too(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_result(finished, None)
    searched = capsys.readouterr().out
    summary.print_study(finished)
    everything = capsys.readouterr().out
    for name in finished.best.params:
        assert name in searched
        assert name in everything
    assert "gradient_clip_norm none" not in searched
    assert "gradient_clip_norm none" in everything


def test_show_says_what_mattered_as_the_report_does(
    finished: SearchResult, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    records = synthetic_study(120)
    found = study_table(records).importances
    first = found.judged[0]
    summary.print_study(SearchResult(records, "sqlite:///a.db"))
    said = " ".join(capsys.readouterr().out.split())
    assert f"What mattered: {first.name} {percent(first.share)} (" in said
    summary.print_study(finished)  # of six trials
    said = " ".join(capsys.readouterr().out.split())
    assert study_table(finished.records).importances.missing_because in said


def test_a_verdict_without_a_command_is_followed_by_the_next_that_has_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (verdict,) = study().diagnoses
    silent = replace(verdict, advice=(Advice("Choose by more rows: `--folds 5` does."),))
    more = Advice("Go on.", (SpaceChange("n_trials", "60"),))
    other = replace(verdict, kind="few_trials", advice=(Advice("Wait."), more, more))
    with spoken_as_typed():
        summary.print_result(study(diagnoses=(silent, other)), None)
    printed = capsys.readouterr().out
    assert "1. Choose by more rows: --folds 5 does." in printed
    assert "2. Go on." in printed and "n_trials=60" in printed
    assert "Wait." not in printed and "3." not in printed
    summary.print_result(study(diagnoses=(verdict, other)), None)
    assert "Go on." not in capsys.readouterr().out


def test_advice_comes_with_the_command_and_the_rest_is_one_line(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (verdict,) = study().diagnoses
    other = replace(verdict, kind="few_trials", message="Few trials: ten at most.")
    summary.print_result(study(diagnoses=(verdict, other, other)), None)
    printed = capsys.readouterr().out
    assert "1. Regularize: raise dropout." in printed
    assert "     automl.search(..., set=['dropout=0.2..0.6']" in printed
    assert "2. More data would help" in printed
    assert (
        "2 more observations: automl diagnose digits-target --storage sqlite:///a.db\n" in printed
    )
    assert "Few trials" not in printed


def test_no_table_is_wider_than_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for records in (synthetic_study(30), synthetic_study(30, task="regression")):
        result = SearchResult(records, "sqlite:///a.db")
        summary.print_result(replace(result), None)
        summary.print_study(result)
        for number in (0, result.best.number):
            print_trial(result, number)
    lines = [line for line in capsys.readouterr().out.splitlines() if "automl" not in line]
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


def test_a_value_over_folds_is_said_to_be_their_mean(capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_result(SearchResult(synthetic_study(6, n_folds=3), "sqlite:///a.db"), None)
    assert "in the mean of 3 folds, at epoch" in capsys.readouterr().out


def test_epochs_that_are_parts_of_passes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    records = synthetic_study(6)
    summary.print_result(SearchResult(records, "sqlite:///a.db"), None)
    assert "updates" not in capsys.readouterr().out
    settings = replace(records.settings, epoch_steps=2)
    summary.print_result(SearchResult(replace(records, settings=settings), "sqlite:///a.db"), None)
    assert " (2 updates, " in capsys.readouterr().out


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
    values: Any = result.to_json()
    assert values["best"]["best_epochs"] == best
    assert values["best"]["n_epochs"] == sum(map(len, curves))
    assert values["n_epochs"] == sum(map(len, records.epochs.values())) == effort(table).n_epochs
    assert values["training_seconds"] == pytest.approx(effort(table).seconds, abs=1e-3)
    assert best_rows(overview(table), "error_rate")[0][4] == f"{told} / {trained}"
    assert f"Best epoch {told} of {trained}" in trial_notes(table)[result.best.number]
    training = [RunInTraining(None, curve=[*curve]) for curve in curves]  # type: ignore[arg-type]
    trial = TrialInTraining(None, {}, dict(enumerate(training)))  # type: ignore[arg-type]
    assert trial.user_attributes()["best_epochs"] == told


def test_a_study_without_trials_has_no_empty_brackets(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = SearchResult(replace(finished.records, trials=()), finished.storage, seconds=0.4)
    summary.print_result(empty, None)
    printed = capsys.readouterr().out
    assert printed.startswith("No trial has completed")
    assert "\niris-species: 0 trials in 0.4 s\n" in printed


def test_a_continued_study_says_how_much_was_done_in_this_call(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    n_trials = len(finished.trials)
    for n_before, words in ((n_trials - 2, "2 of them"), (n_trials, "none of them")):
        summary.print_result(replace(finished, seconds=34.0, n_ended_before=n_before), None)
        assert f"), {words} in this call, 34 s\n" in capsys.readouterr().out


def test_a_call_without_time_says_whose_result_it_shows(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    for lacked_time in (False, True):
        summary.print_result(replace(finished, seconds=30.0, lacked_time=lacked_time), None)
        printed = " ".join(capsys.readouterr().out.split())
        assert ("This call had no time to train" in printed) is lacked_time


def test_trials_without_an_epoch_need_more_time(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    left = tuple(TrialRecord(number, "RUNNING", {}) for number in range(12))
    records = replace(finished.records, trials=left, runs=(), epochs={}, evaluations=())
    records = replace(records, diagnoses=tuple(diagnose_study(records)))
    summary.print_result(SearchResult(records, finished.storage), None)
    printed = capsys.readouterr().out
    assert printed.count("No trial has completed") == 1
    assert "nothing to judge the fit by. Of 12 trials 12 are unfinished." in printed.replace(
        "\n", " "
    )
    assert "12 trials unfinished: give it more time." in printed


def test_search_whose_trials_all_failed_says_why(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    attributes = {"cause_message": "RuntimeError: no such kernel"}
    failed = TrialRecord(0, "PRUNED", {}, cause="crashed", user_attributes=attributes)
    result = SearchResult(replace(finished.records, trials=(failed,)), finished.storage)
    assert not result.has_best
    summary.print_result(result, None)
    printed = capsys.readouterr().out
    assert "The last one to fail, trial 0: an error while training (RuntimeError" in printed
    assert "RuntimeError: no such kernel" in printed.replace("\n", " ")


def test_trials_left_for_the_next_call_are_unfinished(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    """They do not run when the search has ended."""
    best = finished.best.number
    one = next(t for t in finished.trials if t.outcome == "complete" and t.number != best)
    left = replace(one, state="RUNNING", cause=None)
    trials = tuple(left if trial is one else trial for trial in finished.trials)
    records = replace(finished.records, trials=trials)
    summary.print_result(SearchResult(records, finished.storage), None)
    print_trial(SearchResult(records, finished.storage), left.number)
    printed = capsys.readouterr().out
    assert "1 unfinished)" in printed.replace("\n", " ")
    assert "1 trial unfinished: the same command goes on." in printed
    assert f"trial {left.number} of iris-species: unfinished" in printed
    assert "running" not in printed
    n_trials = len(finished.trials)
    assert f"depends on the speed of this machine; on any number of workers its {n_trials}" in (
        printed.replace("\n", " ")
    )
    assert f"--n-trials {n_trials}" in printed


def test_trials_that_pause_are_counted_as_such_and_explained_once(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a search that has ended, and by one that was stopped, as they run to Optuna."""
    trials = [
        replace(trial, state=state) if trial.outcome == "paused" else trial
        for trial, state in zip(
            finished.trials, itertools.cycle(["PRUNED", "RUNNING"]), strict=False
        )
    ]
    n_paused = sum(trial.outcome == "paused" for trial in trials)
    assert n_paused > 1
    result = SearchResult(replace(finished.records, trials=tuple(trials)), "sqlite:///a.db")
    for shown in (lambda: summary.print_result(result, None), lambda: summary.print_study(result)):
        shown()
        printed = capsys.readouterr().out
        assert f"{n_paused} paused" in printed
        assert "pruned" not in printed and "unfinished" not in printed
        command = "  automl promote iris-species --storage sqlite:///a.db --trial NUMBER"
        assert printed.splitlines().count(command) == 1
        said = next(line for line in printed.splitlines() if line.startswith("Paused trials can"))
        assert len(said) <= 80
    given_up = [replace(one, user_attributes={}) for one in finished.trials]
    records = replace(finished.records, trials=tuple(given_up))
    summary.print_result(SearchResult(records, finished.storage), None)
    printed = capsys.readouterr().out
    assert f"{n_paused} pruned" in printed and "aused" not in printed


def test_a_search_that_had_the_time_is_not_said_to_depend_on_it(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.print_result(finished, None)
    assert "speed" not in capsys.readouterr().out


def test_scores_stand_closer_where_the_console_is_narrow() -> None:
    low = {"loss": 0.01592, "balanced_accuracy": 1.0}
    names: tuple[ReferenceName, ...] = ("guessing", "linear_model", "boosted_trees")
    evaluation = EvaluationRecord(
        1,
        "test",
        low,
        {"loss": (0.004296, 0.03297)},
        [ReferenceRecord(name, low) for name in names],
    )
    records = StudyRecords(store_contract.settings())
    for width in (80, 100):
        console = Console(width=width, file=io.StringIO())
        console.print(summary.score_table(console, evaluation, records))
        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert "0.004296 to 0.03297" in printed and "guessing" in printed
        assert "…" not in printed


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("single", "network"),
        ("smallest", "network"),
        ("ensemble", "ensemble"),
        ("seeds", "mean of seeds"),
    ],
)
def test_scores_are_headed_by_what_has_them(kind: AnswerKind, head: str) -> None:
    answer = AnswerRecord(kind, (AnswerMember(1, 0.5), AnswerMember(2, 0.5)), 1, 7)
    records = StudyRecords(store_contract.settings(), answers=(answer,))
    console = Console(width=100, file=io.StringIO())
    evaluation = EvaluationRecord(7, "test", {"loss": 0.5})
    console.print(summary.score_table(console, evaluation, records))
    printed = console.file.getvalue().partition("─")[0].split()  # type: ignore[attr-defined]
    assert sorted(printed) == sorted(f"on test rows {head} 95 % interval".split())


@pytest.mark.parametrize("width", [80, 120])
def test_a_summary_is_what_show_prints(
    finished: SearchResult,
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    summary.print_study(finished)
    assert finished.summary(width) == capsys.readouterr().out
    assert finished.summary() == finished.summary(80)
    with pytest.raises(ConfigError, match="width must be a whole number from 80, but got 3"):
        finished.summary(3)


def test_a_result_without_a_database_names_no_command_for_the_rest(finished: SearchResult) -> None:
    held = HeldResult.of(finished, finished.best_model())
    assert "automl diagnose" in finished.summary()
    assert "observations: result.diagnoses\n" in held.summary()
