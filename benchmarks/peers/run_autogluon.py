"""AutoGluon's default preset, for so many seconds on the cores there are.

    python run_autogluon.py TRAIN TEST TARGET TASK SECONDS OUT

It ends earlier where it finds nothing more to fit.
"""

from __future__ import annotations

import sys
import tempfile

import pandas as pd
from autogluon.tabular import TabularPredictor


def main(train_path: str, test_path: str, target: str, task: str, seconds: str, out: str) -> None:
    train, test = pd.read_csv(train_path), pd.read_csv(test_path)
    metric = "root_mean_squared_error" if task == "regression" else "log_loss"
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            target, problem_type=task, eval_metric=metric, path=folder, verbosity=0
        )
        predictor.fit(train, time_limit=float(seconds))
        if task == "regression":
            told = pd.DataFrame({"prediction": predictor.predict(test)})
        else:
            told = predictor.predict_proba(test)
    told.to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
