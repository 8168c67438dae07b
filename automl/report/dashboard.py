"""What Optuna Dashboard shows of a study: notes, attributes, figures, and the server itself.

During a search `Publisher.publish_if_due` is called after every round; it does its work at
most every ten seconds, and only when all of it, what is about to be done included, stays
below a fiftieth of the time since the search began. All pieces are written in one transaction,
since the dashboard stores a figure in pieces (`dashboard_format.py`) and must not read half of it.
Nothing here is needed to run a study; the package `optuna-dashboard` (extra `dashboard`) is
imported by the server alone, as is scikit-learn by what it imports.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import optuna
import plotly.graph_objects as go

from automl.errors import ConfigError
from automl.options.values import DEFAULT_STORAGE
from automl.report import style
from automl.report.dashboard_format import DashboardTexts
from automl.report.dashboard_guard import guarded, host_names
from automl.report.dashboard_importances import with_our_importances
from automl.report.figures import axes, bias_variance, curves
from automl.report.notes import study_note, trial_notes
from automl.report.numbers.study import StudyTable, study_table
from automl.report.study_attributes import study_attributes
from automl.system.interruption import run_until_interrupted
from automl.wording.option_names import named
from storage import Store
from storage.records import StudyRecords

EVERY_SECONDS = 10.0
MOST_OF_THE_TIME = 0.02  # share of the search's wall-clock time that publishing may take
FIRST_SECONDS = 1.0  # what the first time is expected to take: 0.7 to 1.1 s for 300 digits trials
GROWTH = 1.5  # what the next time is expected to take, of the last: there will be more trials

# These keep each figure under 200 kB; each takes 100 rows of the database at that size.
N_FAINT_CURVES = 60
N_PLANE_POINTS = 1000
N_AXIS_POINTS = 250
N_AXES = 4  # two by two: in half of a page's width no more can be read
HEIGHT = 440  # the dashboard gives a figure half of the page's width and 450 pixels

OBJECTIVE = "validation loss"
_OBJECTIVE_NAMES = "study:metric_names"
"""Where Optuna keeps the names of objectives. `Study.set_metric_names` writes the same, with a
warning that it is experimental."""

Transaction = Callable[[], AbstractContextManager[Any]]


class Publisher:
    """Keeps a running study's dashboard content fresh, at a bounded price.

    Args:
        began: the `time.monotonic()` when the search began; None: it begins now.
    """

    def __init__(
        self,
        study: optuna.Study,
        transaction: Transaction = nullcontext,
        storage: str = DEFAULT_STORAGE,
        began: float | None = None,
    ) -> None:
        self._study = study
        self._transaction = transaction
        self._storage = storage
        self._began = time.monotonic() if began is None else began
        self._spent = 0.0  # seconds
        self._next = self._affordable_at(FIRST_SECONDS)

    def publish_if_due(self, read: Callable[[], StudyRecords]) -> bool:
        """Publish if ten seconds have passed and the share of the time allows it.

        Args:
            read: gives the records; called only when it is time.
        """
        began = time.monotonic()
        if began < self._next:
            return False
        self.publish(read())
        now = time.monotonic()
        self._spent += now - began
        self._next = max(now + EVERY_SECONDS, self._affordable_at(GROWTH * (now - began)))
        return True

    def _affordable_at(self, seconds: float) -> float:
        """When so many more seconds will not be more than the share that publishing may take."""
        return self._began + (self._spent + seconds) / MOST_OF_THE_TIME

    def publish(self, records: StudyRecords) -> None:
        """Publish now, as at the end of a search."""
        publish(self._study, records, transaction=self._transaction, storage=self._storage)


def publish(
    study: optuna.Study,
    records: StudyRecords,
    *,
    transaction: Transaction = nullcontext,
    storage: str = DEFAULT_STORAGE,
) -> None:
    """Write the study's note, attributes and figures, and notes on its best and failed trials.

    Args:
        transaction: opened around all writes, for example `store.transaction`.
        storage: as a person names it, for the command that repeats the study.

    Raises:
        ConfigError: the package `optuna-dashboard` is not installed.
    """
    _require_package()
    table = study_table(records)
    made = figures(table)
    notes = trial_notes(table)
    body = study_note(table, table.importances.missing_because, storage)
    attributes = study_attributes(table, storage)
    with transaction():
        _save_attributes(study, attributes)
        texts = DashboardTexts(study)
        texts.save_note(body)
        for key, figure in made.items():
            texts.save_figure(key, str(figure.to_json()))
        for number, note in notes.items():
            texts.save_note(note, number)


def _save_attributes(study: optuna.Study, attributes: Mapping[str, str]) -> None:
    """Name the objective and describe the study; only what has changed is written."""
    storage, study_id = study._storage, study._study_id  # as the dashboard's own functions do
    if _OBJECTIVE_NAMES not in storage.get_study_system_attrs(study_id):
        storage.set_study_system_attr(study_id, _OBJECTIVE_NAMES, [OBJECTIVE])
    present = study.user_attrs
    for name, value in attributes.items():
        if present.get(name) != value:
            study.set_user_attr(name, value)


def figures(table: StudyTable) -> dict[str, go.Figure]:
    """The figures by their fixed ids: they are replaced at every update, not piled up."""
    made = {}
    if any(len(trial.curve) for trial in table.trials):
        figure = curves.figure(table, N_FAINT_CURVES)
        made["automl-curves"] = _titled(figure, "Learning curves")
    if any(math.isfinite(trial.gap) for trial in table.trials):
        figure = bias_variance.figure(table, at_most=N_PLANE_POINTS)
        made["automl-bias-variance"] = _titled(figure, "Bias and variance")
    if names := list(table.axes_by_importance)[:N_AXES]:
        figure = axes.figure(table, *names, columns=2, n_points=N_AXIS_POINTS)
        # Its heading keeps those of the small plots below the buttons, which lie over the top.
        made["automl-axes"] = _titled(figure, "Loss by hyperparameter")
    for figure in made.values():
        figure.update_layout(height=HEIGHT)
    return made


def _titled(figure: go.Figure, title: str) -> go.Figure:
    """The dashboard puts figures below each other without a heading.

    The legend goes below the plot: above it, it wraps in a narrow window and covers the title.
    """
    figure.update_layout(
        title={"text": title, "x": 0, "xref": "paper", "y": 0.97, "yanchor": "top"},
        margin={"t": 56},
        legend={"y": -0.22, "yanchor": "top"},
    )
    return style.themed(figure)


def serve(store: Store, port: int = 8080, names: Iterable[str] = ()) -> None:
    """Run Optuna Dashboard on this machine only, until it is interrupted.

    Args:
        store: the opened database, with its folder of artifacts.
        names: of hosts, under which it may be asked for besides localhost, as through a proxy.

    Raises:
        ConfigError: the package `optuna-dashboard` is not installed, the port is taken, or a
            name is none.
    """
    allowed = host_names(names)
    _require_package()
    import optuna_dashboard

    folder = store.artifacts.folder.path
    files = optuna.artifacts.FileSystemArtifactStore(str(folder)) if folder.is_dir() else None
    try:
        server = WSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    except OSError as error:
        raise ConfigError(
            f"The port must be free, but {port} cannot be opened ({error.strerror}); "
            f"choose another, for example {named('port', port + 1)}."
        ) from error
    with server:
        application = with_our_importances(
            optuna_dashboard.wsgi(store.url, artifact_store=files), store
        )
        server.set_app(guarded(application, allowed))
        logging.getLogger("automl").info(
            "Optuna Dashboard on http://127.0.0.1:%d (Ctrl-C ends it)", server.server_port
        )
        run_until_interrupted(server.serve_forever, server.shutdown)


def _require_package() -> None:
    if importlib.util.find_spec("optuna_dashboard") is None:
        raise ConfigError(
            "The dashboard needs the package optuna-dashboard, which is not installed: "
            "pip install optuna-dashboard"
        )
