"""Small sessions for tests."""

from __future__ import annotations

from pathlib import Path

from automl.api import start_search
from automl.options.search_options import SearchOptions
from automl.session.search_session import SearchSession


def session(folder: Path, **options: object) -> SearchSession:
    """A session on iris with a small budget."""
    budget = {"n_trials": 3, "max_epochs": 3, "folds": 1, "workers": 1, **options}
    storage = f"sqlite:///{folder}/automl.db"
    return start_search("sklearn:iris", SearchOptions(storage=storage, **budget))  # type: ignore[arg-type]
