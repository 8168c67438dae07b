"""An expert's own search (`expert_search.py`): Optuna, one process per core, its best network.

    python run_expert.py TRAIN TEST TARGET TASK SECONDS OUT

A fifth of the train rows are to validate on. The seconds are of the whole script with its imports.
"""

from __future__ import annotations

import sys
import time

BEGAN = time.monotonic()
END = 1.0  # seconds that are kept to write the predictions

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.expert_search import search  # noqa: E402
from benchmarks.expert_table import arrays_of  # noqa: E402


def main(train_path: str, test_path: str, target: str, task: str, seconds: str, out: str) -> None:
    rows, test = (pd.read_csv(path, na_values=["?"]) for path in (train_path, test_path))
    many = rows[target].map(rows[target].value_counts()) > 1
    classes = None if task == "regression" else rows.loc[many, target]
    train, valid = train_test_split(
        rows if classes is None else rows[many], test_size=0.2, random_state=0, stratify=classes
    )
    arrays = arrays_of(train, valid, test, target=target, task=task)
    _, best = search(arrays, task, BEGAN + float(seconds) - END, 0)
    assert best.predicted is not None, "no epoch was trained in that time"
    told = best.predicted
    if task == "regression":
        mean, width = train[target].mean(), train[target].std(ddof=0)
        pd.DataFrame({"prediction": told[:, 0] * width + mean}).to_csv(out, index=False)
    else:
        names = np.unique(train[target].astype(str))
        pd.DataFrame(told, columns=names).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
