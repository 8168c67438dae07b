from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine

import automl
from examples.export_and_load import ALONE, exported, predict_alone


def test_the_process_cannot_import_the_project(tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text("import automl\n")
    done = subprocess.run([sys.executable, "-c", ALONE, script], capture_output=True, text=True)
    assert done.returncode == 1
    assert "import of automl halted" in done.stderr


@pytest.mark.slow
def test_the_folder_predicts_alone_what_it_predicts_here(tmp_path: Path) -> None:
    model = exported(tmp_path, n_trials=2, max_epochs=10, workers=1, folds=1, references=False)
    rows = load_wine(as_frame=True).data[::20]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    alone, here = predict_alone(model, tmp_path / "rows.csv"), automl.load_export(model)
    assert alone["target"].tolist() == here.predict(rows).tolist()
    np.testing.assert_allclose(alone.iloc[:, 1:], here.predict_proba(rows), atol=1e-5)
