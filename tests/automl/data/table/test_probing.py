"""Checks that fit models run in any process; what they find is in `test_checks.py`."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd

from automl.data.table.probing import LeakSample, Probing, ShiftSample
from automl.data.table.samples import tree_inputs


def test_they_find_the_same_wherever_they_run() -> None:
    generator = np.random.default_rng(0)
    inputs = tree_inputs(pd.DataFrame(generator.normal(size=(300, 3)), columns=list("abc")))
    train, valid, targets = np.arange(200), np.arange(200, 300), inputs.values[:, 0] > 0
    probing = Probing(
        LeakSample(
            inputs.rows(train), targets[train], "y", "binary", {"a": "date", "b": "date", "c": "c"}
        ),
        [ShiftSample(inputs.rows(train), inputs.rows(valid), "train/valid", "random")],
    )
    found = probing.run()
    assert pickle.loads(pickle.dumps(probing.run))() == found
    strongest = found[0]
    assert (strongest.kind, strongest.subject, strongest.details["drop"]) == (
        "leakage",
        "a",
        ["date"],
    )
    assert found[-1].subject == "train/valid"
