"""What holds of every figure, so that another one is tested as soon as it is in the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest

from automl.errors import ConfigError
from automl.report import figures
from automl.report.figures import FIGURES
from automl.report.numbers.study import StudyTable, study_table
from automl.report.page import PARTS
from automl.report.panels import Panel, Remark
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification, regression

OF_ITS_OWN_PAGE = {"progress"}
CHOSEN = {"contours": ("learning_rate", "dropout")}


def test_every_file_is_in_the_list():
    files = {path.stem for path in Path(figures.__file__).parent.glob("[a-z]*.py")}
    assert files == set(FIGURES) | OF_ITS_OWN_PAGE


@pytest.fixture(scope="module", params=["classes", "values", "none"])
def table(records: StudyRecords, request: pytest.FixtureRequest) -> StudyTable:
    """A study with every kind of predictions."""
    given = {"classes": lambda: classification(10), "values": regression, "none": dict}
    return study_table(records, given[request.param])


@pytest.fixture(scope="module")
def own(own_records: StudyRecords) -> StudyTable:
    return study_table(own_records, lambda: classification(10))


def test_panels_have_a_key_of_their_own_a_place_and_words(table: StudyTable):
    made = [panel for figure in FIGURES.values() for panel in figure.panels(table)]
    assert len({panel.key for panel in made}) == len(made)
    assert {panel.place.part for panel in made} <= {part.key for part in PARTS}
    assert all(panel.alternative.endswith(".") for panel in made if isinstance(panel, Panel))
    assert all(panel.text.endswith(".") for panel in made if isinstance(panel, Remark))


@pytest.mark.parametrize("name", FIGURES)
def test_notebooks_get_the_figure_or_a_sentence(table: StudyTable, name: str):
    try:
        made = FIGURES[name].figure(table, *CHOSEN.get(name, ()))
    except ConfigError as error:
        assert str(error).endswith(".")
    else:
        assert isinstance(made, go.Figure) and len(made.data) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_without_trials_has_no_figures(records: StudyRecords, name: str):
    bare = replace(records.settings, space={})
    empty = study_table(StudyRecords(bare))
    assert not [panel for panel in FIGURES[name].panels(empty) if isinstance(panel, Panel)]


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_of_a_persons_own_network_has_its_figures(own: StudyTable, name: str):
    for panel in FIGURES[name].panels(own):
        assert isinstance(panel, Remark) or panel.json
