from __future__ import annotations

from pathlib import Path

from automl.api import start_tune
from automl.session.beside import BesideObjective, beside


def test_beside_an_objective_there_is_nothing_to_do(tmp_path: Path) -> None:
    options = {"storage": f"sqlite:///{tmp_path}/automl.db", "n_trials": 1}
    with start_tune(lambda params: 1.0, {"x": [1, 2]}, options) as session:
        found = beside(session.call, session.store)
        assert isinstance(found, BesideObjective) and found.has_references
        assert session.call.seconds_for_references() == 0.0
        for _ in session:
            pass
        records = session.result().records
        assert found.score(records) is records
