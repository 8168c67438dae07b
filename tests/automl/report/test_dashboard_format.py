"""What is written for Optuna Dashboard is read by its own functions."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from automl.report.dashboard_format import PIECE, DashboardTexts

optuna_dashboard = pytest.importorskip("optuna_dashboard")


@pytest.fixture
def study() -> optuna.Study:
    study = optuna.create_study()
    study.add_trial(optuna.trial.create_trial(value=1.0))
    return study


def attributes(study: optuna.Study) -> dict[str, Any]:
    return study._storage.get_study_system_attrs(study._study_id)


def note_of_trial(study: optuna.Study) -> dict[str, Any]:
    read = optuna_dashboard._note.get_note_from_system_attrs
    note: dict[str, Any] = read(attributes(study), study.trials[0]._trial_id)
    return note


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 5000])
def test_notes_of_any_length_are_read_whole(study: optuna.Study, length: int) -> None:
    text = "abc" * length
    DashboardTexts(study).save_note(text)
    assert optuna_dashboard.get_note(study) == text
    optuna_dashboard.save_note(study, "by a person")
    DashboardTexts(study).save_note(text)
    assert optuna_dashboard.get_note(study) == text


def test_it_is_the_format_of_the_package_itself(study: optuna.Study) -> None:
    theirs = optuna.create_study()
    optuna_dashboard.save_note(theirs, "x" * 5000)
    DashboardTexts(study).save_note("x" * 5000)
    assert attributes(study) == attributes(theirs)


def test_a_shorter_note_leaves_nothing_of_the_longer(study: optuna.Study) -> None:
    DashboardTexts(study).save_note("x" * 5000, 0)
    DashboardTexts(study).save_note("short", 0)
    assert note_of_trial(study) == {"version": 2, "body": "short"}


def test_what_has_not_changed_is_not_written_again(study: optuna.Study) -> None:
    for _ in range(2):
        DashboardTexts(study).save_note("x" * 5000, 0)
    assert note_of_trial(study) == {"version": 1, "body": "x" * 5000}


def test_a_figure_takes_the_place_of_the_last_of_its_name(study: optuna.Study) -> None:
    read = optuna_dashboard._custom_plot_data.get_plotly_graph_objects
    DashboardTexts(study).save_figure("curves", "[1, 2]" * 1000)
    DashboardTexts(study).save_figure("axes", "[3]")
    DashboardTexts(study).save_figure("curves", "[4]")
    assert read(attributes(study)) == {"curves": "[4]", "axes": "[3]"}
