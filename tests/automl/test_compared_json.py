"""Studies side by side as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from automl.compared_json import compared_json
from automl.comparison import compare_studies
from automl.result import SearchResult


def test_gains_are_those_of_the_findings(finished: SearchResult) -> None:
    records = finished.records
    other = replace(records, settings=replace(records.settings, study_name="other"))
    kept = finished.kept_predictions()
    compared = compare_studies([(records, kept), (other, kept)])
    values: Any = json.loads(json.dumps(compared_json(compared, "c.html"), allow_nan=False))
    assert [one["study"] for one in values["studies"]] == [finished.study_name, "other"]
    assert values["findings"] == list(compared.findings)
    assert values["results"]["trials"] == dict.fromkeys(
        [finished.study_name, "other"], values["results"]["trials"]["other"]
    )
    (gain,) = values["gains"]
    assert (gain["gain"], gain["over"], values["page"]) == (0.0, "other", "c.html")


def test_without_the_same_rows_there_is_no_gain(finished: SearchResult) -> None:
    compared = compare_studies([(finished.records, None), (finished.records, None)])
    assert compared_json(compared)["gains"] == []
