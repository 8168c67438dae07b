"""A study of a list has the keys and values of the whole one."""

from __future__ import annotations

import json
from typing import Any

from automl.listed_json import listed_json
from automl.result import SearchResult
from automl.study_json import study_json
from storage.listed_studies import listed_study


def test_what_is_listed_is_a_part_of_the_whole(finished: SearchResult) -> None:
    whole: Any = study_json(finished.records)
    part: Any = json.loads(json.dumps(listed_json(listed_study(finished.records))))
    assert part["created_at"].endswith("Z") and part["last_call_at"] > part["created_at"]
    for name, value in part.items():
        if isinstance(value, dict):
            assert value.items() <= whole[name].items(), name
        else:
            assert value == whole[name], name
