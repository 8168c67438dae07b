from __future__ import annotations

from pathlib import Path

import pytest

import automl
from examples.ask_a_server import ask, served

QUICK = {"n_trials": 1, "max_epochs": 10, "workers": 1, "folds": 1, "references": False}


@pytest.mark.slow
def test_rows_are_answered_and_a_fault_names_its_column(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    url = f"sqlite:///{tmp_path}/automl.db"
    automl.search("sklearn:iris", study="flowers", storage=url, **QUICK)
    with served("flowers", url) as address:
        row = ask(address)["row"]["example"]
        answered = ask(address, [row, row])["predictions"]
        assert len(answered) == 2
        assert answered[0]["prediction"] == answered[1]["prediction"]
        assert answered[0]["prediction"] in {"setosa", "versicolor", "virginica"}
        assert "petal length (cm)" in str(ask(address, {**row, "petal length (cm)": "long"}))


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(RuntimeError, match=r"none\.db"), served("flowers", url):
        pass
