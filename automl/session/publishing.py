"""Keeping fresh what Optuna Dashboard shows of a study, where it is installed."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from storage.records import StudyRecords

if TYPE_CHECKING:
    from automl.report.dashboard import Publisher
    from automl.tuning.search import Search

LOG = logging.getLogger("automl")


class Publishing:
    """Publishes a study while it is searched, and at its end. Does nothing without a dashboard."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._publisher: Publisher | None = None

    def publish_beside(self, search: Search) -> None:
        """Publish the study as it is, if it is time to: seldom, see `Publisher`."""
        if self._publisher is None:
            if importlib.util.find_spec("optuna_dashboard") is None:
                return
            from automl.report.dashboard import Publisher  # plotly takes a fifth of a second

            state = search.state
            self._publisher = Publisher(state.study, state.store.transaction, self._storage)
        store, name = search.state.store, search.state.problem.study_name
        self._publisher.publish_if_due(lambda: store.read_study(name))

    def publish(self, records: StudyRecords) -> None:
        """Publish the end, if anything was published before."""
        if self._publisher is not None:
            LOG.info("writing notes and figures for Optuna Dashboard")
            self._publisher.publish(records)
