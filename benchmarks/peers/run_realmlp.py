"""RealMLP with its tuned defaults: one fit, no search, as pytabkit has it.

    python run_realmlp.py TRAIN TEST TARGET TASK SECONDS OUT

It takes as long as it takes. Cross-entropy counts here, for which its authors leave label
smoothing off.
"""

from __future__ import annotations

import sys

import pandas as pd
import torch
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor


def main(train_path: str, test_path: str, target: str, task: str, seconds: str, out: str) -> None:
    torch.set_num_threads(2)
    train, test = pd.read_csv(train_path), pd.read_csv(test_path)
    y = train.pop(target)
    texts = [name for name in train.columns if train[name].dtype.kind not in "fiub"]
    for frame in (train, test):
        frame[texts] = frame[texts].astype("string").fillna("missing").astype("category")
    for name in train.columns.difference(texts):  # it takes no missing numbers
        middle = train[name].median()
        train[name], test[name] = train[name].fillna(middle), test[name].fillna(middle)
    options = {"device": "cpu", "random_state": 0, "n_threads": 2}
    if task == "regression":
        model = RealMLP_TD_Regressor(**options)
        model.fit(train, y.to_numpy(dtype=float), cat_col_names=texts)
        told = pd.DataFrame({"prediction": model.predict(test)})
    else:
        model = RealMLP_TD_Classifier(use_ls=False, val_metric_name="cross_entropy", **options)
        model.fit(train, y.astype(str).to_numpy(), cat_col_names=texts)
        told = pd.DataFrame(model.predict_proba(test), columns=model.classes_)
    told.to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
