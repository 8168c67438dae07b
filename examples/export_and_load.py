"""A model that outlives this project: exported, then run by a process that cannot import it.

    python examples/export_and_load.py

The folder has weights, preprocessing, a model card, and a `model.py` that predicts with plain
PyTorch. `automl.load_export` reads the same folder, without running any code of it.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.datasets import load_wine

import automl

ALONE = (
    "import runpy, sys; sys.modules['automl'] = None; sys.argv[:] = sys.argv[1:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""Runs a script where `import automl` is an error; `python model.py rows.csv` does without."""


def exported(folder: Path, **options: Any) -> Path:
    """Search scikit-learn's wines, and export what is found."""
    result = automl.search("sklearn:wine", storage=f"sqlite:///{folder}/automl.db", **options)
    return result.export(folder / "wine-model", force=True)


def predict_alone(model: Path, rows: Path) -> pd.DataFrame:
    """What the folder's own code predicts of a file of rows."""
    command = [sys.executable, "-c", ALONE, str(model / "model.py"), str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return pd.read_csv(io.StringIO(done.stdout))


def main() -> None:
    """Export, predict without the project, and with it: the same."""
    model, rows = exported(Path(), n_trials=12, max_epochs=20), load_wine(as_frame=True).data[::30]
    rows.to_csv("rows.csv", index=False)
    print(predict_alone(model, Path("rows.csv")).round(3).to_string())
    print(automl.load_export(model).predict(rows))


if __name__ == "__main__":
    main()
