from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.data_size import data_size_curve, figure, panels
from automl.report.numbers.study import study_table
from storage.records import EpochRecord, RunRecord, StudyRecords


def test_data_size_runs_make_a_curve_with_spread(records: StudyRecords):
    runs, epochs = [], {}
    for index, (fraction, loss) in enumerate([(0.5, 0.4), (0.5, 0.6), (1.0, 0.2)]):
        run_id = 5000 + index
        runs.append(RunRecord(run_id, 0, "data_size", index, rows_fraction=fraction))
        epochs[run_id] = (EpochRecord(run_id, 1, 1, 0.1, loss, 0.01, 0.1, 0.1, 0.01, 1.0, 0.1),)
    grown = study_table(
        replace(records, runs=(*records.runs, *runs), epochs={**records.epochs, **epochs})
    )
    curve = data_size_curve(grown)
    assert curve is not None and curve.rows == (539, 1078)
    train, valid = figure(grown).data
    assert (train.name, valid.name) == ("train", "validation")
    assert valid.y == pytest.approx([0.5, 0.2])
    assert valid.error_y.array == pytest.approx([np.std([0.4, 0.6], ddof=1), 0.0])
    (panel,) = panels(grown)
    assert panel.alternative.startswith("Validation loss 0.5000 with 539 training rows")


def test_without_data_size_runs_there_is_no_curve(table):
    assert panels(table) == []
    with pytest.raises(ConfigError, match="not trained on fewer rows"):
        figure(table)
