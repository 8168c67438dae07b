"""What Optuna Dashboard shows when a search has ended."""

from __future__ import annotations

from unittest.mock import create_autospec

import optuna
import optuna_dashboard

from automl.report.dashboard import FIRST_SECONDS, MOST_OF_THE_TIME
from automl.result import SearchResult
from automl.session.publishing import FIRST_AFTER, Publishing
from automl.tuning.search import Search


def test_dashboard_content_is_published_at_the_end(finished: SearchResult) -> None:
    study = optuna.load_study(study_name="iris-species", storage=finished.storage)
    assert "best" in optuna_dashboard.get_note(study).lower()


def test_nothing_is_loaded_for_the_dashboard_before_it_may_take_its_time() -> None:
    assert FIRST_AFTER == FIRST_SECONDS / MOST_OF_THE_TIME
    publishing = Publishing("sqlite:///automl.db")
    for _ in range(3):
        publishing.publish_beside(create_autospec(Search, instance=True))
    assert publishing._publisher is None
