"""Keeping fresh what Optuna Dashboard shows of a study, where it is installed.

Whatever is shown of a study, there and in a terminal, has importances, for which trees are grown.
So the workers' server is kept until all is shown: a fork of it can grow them at once.
"""

from __future__ import annotations

import importlib.util
import logging
import time
from typing import TYPE_CHECKING

from automl.executors.workers.warm_server import WarmServer, give_back, share_server
from storage.records import StudyRecords

if TYPE_CHECKING:
    from automl.report.dashboard import Publisher
    from automl.tuning.search import Search

LOG = logging.getLogger("automl")

FIRST_AFTER = 50.0
"""Seconds of training before which nothing is published, nor loaded for it, which takes 0.3 s: the
first time takes 1 s, and `Publisher` takes a fiftieth of the time."""


class Publishing:
    """Publishes a study while it is searched, and at its end. Does nothing without a dashboard."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._search: Search | None = None  # once it trains, if there is a dashboard
        self._began = 0.0
        self._publisher: Publisher | None = None
        self._server: WarmServer | None = None

    def publish_beside(self, search: Search) -> None:
        """Publish the study as it is, if it is time to: seldom, see `Publisher`."""
        self._server = self._server or share_server()
        if self._search is None:
            if importlib.util.find_spec("optuna_dashboard") is not None:
                self._search, self._began = search, time.monotonic()
        elif time.monotonic() >= self._began + FIRST_AFTER:
            store, name = search.state.store, search.state.problem.study_name
            self._made(search).publish_if_due(lambda: store.read_study(name))

    def publish(self, records: StudyRecords) -> None:
        """Publish the end, if anything was trained."""
        if self._search is not None:
            LOG.info("writing notes and figures for Optuna Dashboard")
            self._made(self._search).publish(records)

    def close(self) -> None:
        """Nothing more will be shown."""
        if self._server is not None:
            give_back(self._server)
            self._server = None

    def _made(self, search: Search) -> Publisher:
        if self._publisher is None:
            from automl.report.dashboard import Publisher

            state = search.state
            self._publisher = Publisher(
                state.study, state.store.transaction, self._storage, self._began
            )
        return self._publisher
