"""Keeping fresh what Optuna Dashboard shows of a study, where it is installed."""

from __future__ import annotations

import importlib.util
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from storage.records import StudyRecords

if TYPE_CHECKING:
    from automl.report.dashboard import Drawn, Publisher
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
        self._drawing: Future[Drawn] | None = None

    def publish_beside(self, search: Search) -> None:
        """Publish the study as it is, if it is time to: seldom, see `Publisher`."""
        if self._search is None:
            if importlib.util.find_spec("optuna_dashboard") is not None:
                self._search, self._began = search, time.monotonic()
        elif time.monotonic() >= self._began + FIRST_AFTER:
            store, name = search.state.store, search.state.problem.study_name
            self._made(search).publish_if_due(lambda: store.read_study(name))

    def draw_beside(self, records: StudyRecords) -> None:
        """Begin to draw while the best trial is scored, if anything was trained.

        No worker trains any more, so a thread has a core of its own, and a forest of trees, most
        of the work, leaves the interpreter to others.
        """
        if self._search is not None:
            pool = ThreadPoolExecutor(1, "automl-drawing")
            self._drawing = pool.submit(_draw, records)
            pool.shutdown(wait=False)

    def publish(self, records: StudyRecords) -> None:
        """Publish the end, if anything was trained."""
        if self._search is not None:
            LOG.info("writing notes and figures for Optuna Dashboard")
            drawn = None if self._drawing is None else self._drawing.result()
            self._made(self._search).publish(records, drawn)

    def _made(self, search: Search) -> Publisher:
        if self._publisher is None:
            from automl.report.dashboard import Publisher

            state = search.state
            self._publisher = Publisher(
                state.study, state.store.transaction, self._storage, self._began
            )
        return self._publisher


def _draw(records: StudyRecords) -> Drawn:
    from automl.report.dashboard import draw

    return draw(records)
