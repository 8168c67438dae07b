"""Has a number many bits, or few? Numbers go in, split data come out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl.data.choices import described_split
from automl.data.folds import divide
from automl.data.loaded import LoadedData
from automl.data.splits import RowFacts, strata
from automl.data.targets import infer_target, learn_target
from automl.options.data_options import DataOptions
from tests.contracts.bit_data.encoder import BitEncoder


class Numbers:
    """Whole numbers below 256, with what is to be found out of each."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers

    def load_data(self, options: DataOptions) -> LoadedData:
        words = ["many" if number.bit_count() > 4 else "few" for number in self.numbers]
        values = pd.Series(words, name="size")
        goal = infer_target(learn_target("size", values), values)
        targets = goal.encode(values)
        divided = divide(
            self.numbers,
            targets,
            RowFacts(strata(targets, goal.task), np.zeros(len(targets), dtype=np.int8)),
            goal,
            fit=lambda rows: BitEncoder(),
            splits=options,
            weigh_classes=options.class_weights,
        )
        return LoadedData(
            dataset=divided.dataset,
            encoders=divided.encoders,
            goal=goal,
            name="numbers",
            source="range",
            columns={"x": "8 bits"},
            messages=(),
            data_checks=(),
            fingerprint=str(self.numbers),
            split=described_split(options, len(divided.encoders), {}),
        )
