"""What holds of every figure, so that another one is tested as soon as it is in the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest

from automl.errors import ConfigError
from automl.report import figures
from automl.report.figures import FIGURES
from automl.report.numbers.study import study_table
from automl.report.page import PARTS
from automl.report.panels import Panel, Remark
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, regression

OF_ITS_OWN_PAGE = {"progress"}
CHOSEN = {"contours": ("learning_rate", "dropout")}


def test_every_file_is_in_the_list():
    files = {path.stem for path in Path(figures.__file__).parent.glob("[a-z]*.py")}
    assert files == set(FIGURES) | OF_ITS_OWN_PAGE


@pytest.mark.parametrize("predictions", [lambda: classification(10), regression, dict])
def test_panels_have_a_key_of_their_own_a_place_and_words(records: StudyRecords, predictions):
    table = study_table(records, predictions)
    made = [panel for figure in FIGURES.values() for panel in figure.panels(table)]
    assert len({panel.key for panel in made}) == len(made)
    assert {panel.place.part for panel in made} <= {part.key for part in PARTS}
    assert all(panel.alternative.endswith(".") for panel in made if isinstance(panel, Panel))
    assert all(panel.text.endswith(".") for panel in made if isinstance(panel, Remark))


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_without_trials_has_no_figures(records: StudyRecords, name: str):
    settings = replace(records.settings, space={})
    empty = study_table(StudyRecords(settings))
    assert not [p for p in FIGURES[name].panels(empty) if isinstance(p, Panel)]


@pytest.mark.parametrize("name", FIGURES)
def test_notebooks_get_the_figure_or_a_sentence(records: StudyRecords, name: str):
    for predictions in (lambda: classification(10), regression, dict):
        table = study_table(records, predictions)
        try:
            made = FIGURES[name].figure(table, *CHOSEN.get(name, ()))
        except ConfigError as error:
            assert str(error).endswith(".")
        else:
            assert isinstance(made, go.Figure) and len(made.data) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_of_other_hyperparameters_has_its_figures(records: StudyRecords, name: str):
    """Of a person's own module: no name, no layer and no choice of the built-in network."""
    space = {"parameters": {"kernel": {"type": "int", "low": 1, "high": 9, "log": False}}}
    trials = tuple(
        replace(t, params={"kernel": 1 + t.number % 9, "gate": [None, True, "x"][t.number % 3]})
        for t in records.trials
    )
    settings = replace(records.settings, space=space)
    own = replace(records, settings=settings, trials=trials, initial_layers={})
    table = study_table(own, lambda: classification(10))
    for panel in FIGURES[name].panels(table):
        assert isinstance(panel, Remark) or panel.json
