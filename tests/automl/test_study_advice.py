"""Advice names the study that it is of, wherever it is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from automl.commands_to_type import study_command
from automl.compared_json import compared_json
from automl.comparison import compare_studies
from automl.diagnostics.headline import shown_diagnoses
from automl.errors import ConfigError
from automl.listed_json import listed_json
from automl.report.plots import Plots, html_summary
from automl.result import SearchResult
from automl.study_advice import KEEP_IT, naming_study, text_naming_study
from automl.study_json import diagnosed_json, shown_json, study_json
from automl.wording.option_names import spoken_as_typed
from storage.listed_studies import listed_study
from storage.records import Advice, Diagnosis
from tests.contracts.synthetic_study import synthetic_study

TEXT = "Get more rows: `automl diagnose STUDY --diagnose full` says STUDY how much they help."


@pytest.mark.parametrize(
    ("name", "storage", "typed"),
    [
        ("churn", "sqlite:///automl.db", "automl diagnose churn --diagnose full"),
        ("a b", "sqlite:///automl.db", "automl diagnose 'a b' --diagnose full"),
        ("x", "sqlite:///b.db", "automl diagnose x --storage sqlite:///b.db --diagnose full"),
    ],
)
def test_a_command_can_be_typed_as_it_stands(name: str, storage: str, typed: str) -> None:
    (advice,) = naming_study(_verdict(), name, storage).advice
    assert advice.text == f"Get more rows: `{typed}` says STUDY how much they help."


def test_what_names_no_study_is_the_same() -> None:
    verdict = replace(_verdict(), advice=(Advice("Train for more epochs."),))
    assert naming_study(verdict, "churn") is verdict


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT, f"Get more rows. {KEEP_IT}"),
        ("Seeds: try `a`: type `automl diagnose STUDY`.", f"Seeds: try `a`. {KEEP_IT}"),
        ("`automl diagnose STUDY --confirm`", KEEP_IT),
        ("Train for more epochs: `--max-epochs 9`.", "Train for more epochs: `--max-epochs 9`."),
    ],
)
def test_of_a_study_that_is_kept_nowhere_nothing_is_asked(text: str, said: str) -> None:
    assert text_naming_study(text, "churn", "") == said


def test_a_result_in_memory_advises_no_call_on_its_study() -> None:
    records = replace(synthetic_study(6), diagnoses=(_verdict(),))
    result = SearchResult(records, "")
    for shown in (result.summary(), html_summary(records, ""), str(result.diagnoses[0].advice)):
        assert "Fit with storage=" in unescape(shown)
        assert "automl.explain" not in shown and "automl diagnose" not in shown


def test_advice_as_json_names_the_database() -> None:
    storage = "sqlite:///other.db"
    records = replace(synthetic_study(6), diagnoses=(_verdict(),))
    asked = study_command("diagnose", records.settings.study_name, storage)
    compared = compare_studies([(records, None), (records, None)])
    for shown in (
        study_json(records, storage),
        shown_json(records, storage),
        diagnosed_json(records, storage),
        listed_json(listed_study(records), storage),
        compared_json(compared, None, storage),
        SearchResult(records, storage).to_json(),
    ):
        assert storage in asked and f"`{asked} --diagnose full`" in str(shown)


def test_no_surface_shows_a_placeholder(
    finished: SearchResult,
) -> None:
    verdict = replace(_verdict(), advice=(Advice("`automl diagnose STUDY --confirm`"),))
    records = replace(finished.records, diagnoses=(verdict,))
    result = SearchResult(records, finished.storage)
    shown: list[Any] = [
        result.summary(),
        result._repr_html_(),
        html_summary(records),
        *(one._repr_html_() for one in result.diagnoses),
        study_json(records),
        shown_diagnoses(records)[0].advice,
    ]
    for one in map(str, shown):
        in_python = "confirm('iris-species'" in unescape(one).replace("\\'", "'")
        assert ("diagnose iris-species" in one or in_python) and "STUDY" not in one


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ("sqlite:///automl.db", "type `automl.explain('a b')`"),
        ("sqlite:///b.db", "type `automl.explain('a b', storage='sqlite:///b.db')`"),
        ("", KEEP_IT),
    ],
)
def test_a_figure_that_needs_more_runs_says_what_makes_them(storage: str, said: str) -> None:
    records = synthetic_study(6)
    records = replace(records, settings=replace(records.settings, study_name="a b"))
    with pytest.raises(ConfigError, match=re.escape(said)):
        SearchResult(records, storage).plots.data_size()
    with spoken_as_typed(), pytest.raises(ConfigError, match="automl diagnose 'a b' --diagnose"):
        Plots(records, lambda: None).data_size()


def _verdict() -> Diagnosis:
    return Diagnosis("high_variance", "warning", "It is.", advice=(Advice(TEXT),))
