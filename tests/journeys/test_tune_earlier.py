"""Objectives learn from earlier studies, and their ranges grow, by the code of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import automl
from automl.errors import ConfigError
from automl.result import SearchResult

SPACE: dict[str, Any] = {
    "x": {"low": 0.3, "high": 1.0, "useful": [0.1, 5.0]},
    "y": {"low": 0.0, "high": 1.0},
}
BEST = 3.0


def valley(params: Mapping[str, Any]) -> Iterator[float]:
    """Its lowest point lies beyond the range of x."""
    for epoch in range(1, 4):
        yield (params["x"] - BEST) ** 2 + 0.1 / epoch + 0.01 * params["y"]


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> tuple[SearchResult, dict[str, Any]]:
    """A search that widens, and what all calls share."""
    folder = tmp_path_factory.mktemp("coarse")
    shared = {"workers": 1, "slots": 4, "storage": f"sqlite:///{folder}/automl.db"}
    options = {**shared, "study": "coarse", "max_epochs": 3, "n_trials": 40}
    return automl.tune(valley, SPACE, **options, widen=True), shared


def test_a_range_grows_as_far_as_its_table_says_that_it_is_useful(
    coarse: tuple[SearchResult, dict[str, Any]], tmp_path: Path
) -> None:
    result, _ = coarse
    grown = [look.ranges for look in result.records.widenings]
    assert grown and all(set(ranges) <= {"x"} for ranges in grown), "nobody said it of y"
    highest = max(float(trial.params["x"] or 0.0) for trial in result.trials)
    assert 1.0 < highest <= 5.0
    assert abs(float(result.best.params["x"] or 0.0) - BEST) < BEST - 1.0
    page = result.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"; 0.3..{grown[0]['x'][1]:g} from trial" in page
    assert "How far chance moves these losses is not known" in page, "the objective says nothing"
    assert "shaded area" not in page


def test_a_later_study_begins_with_the_best_of_an_earlier_one(
    coarse: tuple[SearchResult, dict[str, Any]], tmp_path: Path
) -> None:
    result, shared = coarse
    space = {"x": {"low": 0.3, "high": 5.0}, "z": ["a", "b"]}
    fine = automl.tune(
        other, space, **shared, study="fine", n_trials=8, warm_start=["coarse"], max_epochs=1
    )
    assert fine.trials[0].params == {"x": result.best.params["x"], "z": "a"}
    assert fine.records.settings.warm_start == ("coarse",)
    page = fine.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Learned from</dt><dd>coarse" in page and "It learns from coarse" in page


def other(params: Mapping[str, Any]) -> float:
    """Another objective, with a parameter more and one less."""
    return abs(float(params["x"]) - BEST)


def test_what_cannot_be_learned_from_or_widened_is_refused(
    coarse: tuple[SearchResult, dict[str, Any]],
) -> None:
    _, shared = coarse
    with pytest.raises(ConfigError, match=r'no range of space says it; write {"low": 0.0, "high"'):
        automl.tune(other, {"x": {"low": 0.0, "high": 5.0}}, **shared, study="n", widen=True)
    with pytest.raises(ConfigError, match=r"of 'coarse' none fits: .*left out"):
        automl.tune(other, {"x": ["a", "b"]}, **shared, study="n", warm_start=["coarse"])
