from __future__ import annotations

import logging
from typing import Any

import pytest

from automl.errors import StudyError
from automl.models.own import builders
from automl.models.own.reference import reference_of
from storage.records import StudySettings
from tests.contracts.store_contract import settings


def build(params: Any, dataset: Any) -> str:
    return "built"


def study_of(words: str | None, digest: str = "") -> StudySettings:
    from dataclasses import replace

    stored = settings()
    if words is None:
        return stored
    space = {
        **stored.space,
        "family": "own",
        "parameters": {"model": {"type": "fixed", "value": words, "meaning": "builder"}},
    }
    return replace(stored, space=space, versions={words: digest})


def test_what_was_not_handed_over_is_not_run() -> None:
    with pytest.raises(StudyError, match=r"built by net\.py:make.*model='net\.py:make'"):
        builders.builder("net.py:make")
    with pytest.raises(StudyError, match=r"model='net\.py:make'"):
        builders.remember_for(None, study_of("net.py:make"))


def test_what_was_handed_over_is_known_by_the_words_of_the_study() -> None:
    builders.remember_for(build, study_of("other.py:words", reference_of(build).digest))
    assert builders.builder("other.py:words")({}, None) == "built"
    builders.remember_for(None, study_of("other.py:words", reference_of(build).digest))


def test_code_that_has_changed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        builders.remember_for(build, study_of("other.py:words", "an earlier one"))
    assert "the code of other.py:words has changed since the study was made" in caplog.text


def test_a_study_of_a_built_in_family_needs_no_model() -> None:
    builders.remember_for(None, study_of(None))
    with pytest.raises(StudyError, match="leave it out"):
        builders.remember_for(build, study_of(None))


def test_a_worker_gets_it_packed() -> None:
    reference = reference_of(build)
    builders.remember_packed(reference.packed())
    builders.remember_packed(None)
    assert builders.builder(reference.words)({}, None) == "built"
