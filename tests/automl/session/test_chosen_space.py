from __future__ import annotations

from typing import Any

import pytest

import search_spaces
from automl.errors import ConfigError, StudyError
from automl.options.search_options import SearchOptions
from automl.session.chosen_space import chosen_space, model_versions, narrowed
from search_spaces import FixedParameter, FloatParameter, IntParameter, SearchSpace
from search_spaces.declared import model_of

BLOCKS = IntParameter("blocks", 1, 6, meaning="number of blocks", role="depth")


def build(params: Any, dataset: Any) -> None: ...


def test_without_a_model_it_is_the_space_that_is_named() -> None:
    assert chosen_space(SearchOptions()) == search_spaces.load("mlp")
    space = narrowed(chosen_space(SearchOptions()), SearchOptions(set=["l1=0"]), "regression")
    assert "label_smoothing" not in space.parameters
    assert space.parameters["l1"] == FixedParameter("l1", 0.0)
    assert model_versions(space) == {}


def test_a_model_is_a_fixed_parameter_of_its_space() -> None:
    space = chosen_space(SearchOptions(model=build))
    assert space.family == "own" and "learning_rate" in space.parameters
    words = "test_chosen_space.py:build"
    assert model_of(space.to_dict()) == words
    assert model_versions(space).keys() == {words}
    own = SearchSpace.of("mine", [BLOCKS], family="own")
    assert list(chosen_space(SearchOptions(model=build, space=own)).parameters) == [
        "blocks",
        "model",
    ]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"space": "own"}, ConfigError, "needs one; give model='my_file.py:build'"),
        (
            {
                "model": build,
                "space": SearchSpace.of("mine", [FloatParameter("learning_rate", 0.1, 0.2)]),
            },
            ConfigError,
            'says family = "own" above its tables, but mine is for mlp',
        ),
        (
            {
                "model": build,
                "space": SearchSpace.of(
                    "mine", [FixedParameter("model", "big", meaning="which")], family="own"
                ),
            },
            ConfigError,
            "may have any name but model",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        chosen_space(SearchOptions(**options))


def test_a_stored_space_needs_its_model_again() -> None:
    stored = SearchSpace.of(
        "own",
        [FixedParameter("model", "gone.py:build", meaning="the function that builds the network")],
        family="own",
    )
    with pytest.raises(StudyError, match=r"model='gone\.py:build'"):
        chosen_space(SearchOptions(space=stored))
