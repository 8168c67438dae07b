import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest

from automl.errors import ConfigError
from automl.report import dashboard
from automl.report.numbers.study import study_table
from automl.report.study_attributes import study_attributes
from storage import Store, open_store
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study

optuna_dashboard = pytest.importorskip("optuna_dashboard")


@pytest.fixture
def study(table) -> optuna.Study:
    """An Optuna study whose trials have the numbers of the records."""
    study = optuna.create_study()
    for _ in table.trials:
        study.add_trial(optuna.trial.create_trial(value=1.0))
    return study


def attributes(study: optuna.Study) -> dict:
    return study._storage.get_study_system_attrs(study._study_id)


def test_publishing_writes_note_figures_and_trial_notes(study, records: StudyRecords, table):
    dashboard.publish(study, records)
    assert f"**Best: trial {table.best.number}" in optuna_dashboard.get_note(study)
    figures = optuna_dashboard._custom_plot_data.get_plotly_graph_objects(attributes(study))
    assert set(figures) == {"automl-curves", "automl-bias-variance", "automl-axes"}
    best_id = study.trials[table.best.number]._trial_id
    note = optuna_dashboard._note.get_note_from_system_attrs(attributes(study), best_id)
    assert note["body"].startswith("**Rank 1**") and note["version"] == 1


def test_the_objective_has_a_name_and_the_study_its_attributes(study, records: StudyRecords):
    dashboard.publish(study, records)
    assert study.metric_names == ["validation loss"]
    assert study.user_attrs == study_attributes(study_table(records))


def test_attributes_that_have_not_changed_are_not_written_again(
    study, records: StudyRecords, monkeypatch
):
    dashboard.publish(study, records)
    monkeypatch.setattr(study, "set_user_attr", None)
    dashboard.publish(study, records)


def test_no_title_lies_on_a_legend(table):
    for figure in dashboard.figures(table).values():
        if figure.layout.title.text:
            assert figure.layout.legend.y < 0 and figure.layout.margin.t >= 50


def test_publishing_again_replaces_and_does_not_pile_up(study, records: StudyRecords):
    dashboard.publish(study, records)
    keys = set(attributes(study))
    dashboard.publish(study, records)
    assert set(attributes(study)) == keys


def test_everything_is_written_inside_the_transaction(study, records: StudyRecords):
    seen = []

    @contextmanager
    def transaction():
        seen.append(len(attributes(study)))
        yield
        seen.append(len(attributes(study)))

    dashboard.publish(study, records, transaction=transaction)
    assert seen[0] == 0 and seen[1] == len(attributes(study))


def test_figures_stay_under_their_limit():
    table = study_table(synthetic_study(1200, n_epochs=50))
    for key, figure in dashboard.figures(table).items():
        assert len(figure.to_json()) < 200_000, key


def test_a_publisher_takes_a_fiftieth_of_the_time_at_most(
    study, records: StudyRecords, monkeypatch
):
    clock = [100.0]
    monkeypatch.setattr(dashboard.time, "monotonic", lambda: clock[0])
    publisher = dashboard.Publisher(study)
    spent = 0.0

    def slow_read() -> StudyRecords:
        nonlocal spent
        spent += 1.0
        clock[0] += 1.0
        return records

    published = []
    while clock[0] < 100.0 + 600.0:
        if publisher.publish_if_due(slow_read):
            published.append(clock[0])
            assert spent <= 0.02 * (clock[0] - 100.0)
        clock[0] += 0.5
    assert published[0] < 100.0 + 60.0
    assert len(published) >= 9  # nearly all that the share allows, of 600 s


def test_a_publisher_that_costs_little_waits_ten_seconds(study, records, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(dashboard.time, "monotonic", lambda: clock[0])
    publisher = dashboard.Publisher(study)
    clock[0] += 60.0
    assert publisher.publish_if_due(lambda: records)
    clock[0] += 9.9
    assert not publisher.publish_if_due(lambda: records)
    clock[0] += 0.2
    assert publisher.publish_if_due(lambda: records)


def test_a_new_study_can_be_published(records: StudyRecords):
    study = optuna.create_study()
    dashboard.publish(study, StudyRecords(records.settings))
    assert "No trial has completed yet" in optuna_dashboard.get_note(study)


def test_without_the_package_the_error_says_what_to_install(monkeypatch, study, records):
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    with pytest.raises(ConfigError, match="pip install optuna-dashboard"):
        dashboard.publish(study, records)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/served.db") as opened:
        yield opened


def test_a_taken_port_is_told(store: Store, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "automl")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"choose another, for example port={port + 1}"):
            dashboard.serve(store, port)
    assert "Optuna Dashboard on" not in caplog.text, "it is said once it is true"


def test_a_name_that_is_none_is_told(store: Store):
    with pytest.raises(ConfigError, match=r"without a port, .* but got 'a:80'"):
        dashboard.serve(store, 8080, ["a:80"])


def test_every_figure_has_a_heading_with_room_for_the_buttons(table) -> None:
    """The dashboard draws its buttons over the top 40 pixels of a figure."""
    for name, figure in dashboard.figures(table).items():
        assert figure.layout.title.text, name
        assert figure.layout.margin.t >= 56, name
