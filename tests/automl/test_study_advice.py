"""Advice names the study that it is of, wherever it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.headline import shown_diagnoses
from automl.errors import ConfigError
from automl.report.plots import Plots, html_summary
from automl.result import SearchResult
from automl.study_advice import naming_study
from automl.study_json import study_json
from storage.records import Advice, Diagnosis

TEXT = "Get more rows: `automl diagnose STUDY --diagnose full` says STUDY how much they help."


@pytest.mark.parametrize(
    ("name", "storage", "typed"),
    [
        ("churn", "sqlite:///automl.db", "automl diagnose churn --diagnose full"),
        ("a b", "", "automl diagnose 'a b' --diagnose full"),
        ("x", "sqlite:///b.db", "automl diagnose x --storage sqlite:///b.db --diagnose full"),
    ],
)
def test_a_command_can_be_typed_as_it_stands(name: str, storage: str, typed: str) -> None:
    (advice,) = naming_study(_verdict(), name, storage).advice
    assert advice.text == f"Get more rows: `{typed}` says STUDY how much they help."


def test_what_names_no_study_is_the_same() -> None:
    verdict = replace(_verdict(), advice=(Advice("Train for more epochs."),))
    assert naming_study(verdict, "churn") is verdict


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
        assert "diagnose iris-species" in one and "STUDY" not in one
    with pytest.raises(ConfigError, match="automl diagnose iris-species --diagnose full"):
        Plots(records, lambda: None).data_size()


def _verdict() -> Diagnosis:
    return Diagnosis("high_variance", "warning", "It is.", advice=(Advice(TEXT),))
