"""What Optuna Dashboard shows when a search has ended."""

from __future__ import annotations

import optuna
import optuna_dashboard

from automl.result import SearchResult


def test_dashboard_content_is_published_at_the_end(finished: SearchResult) -> None:
    study = optuna.load_study(study_name="iris-species", storage=finished.storage)
    assert "best" in optuna_dashboard.get_note(study).lower()
