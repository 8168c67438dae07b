import math
from dataclasses import replace

from automl.report.numbers.gradients import gradient_flow, initialization_table, weakest_flow
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords


def test_flow_is_layers_by_epochs_with_initialization_first(table):
    flow = gradient_flow(table, table.best.number)
    assert flow is not None
    assert flow.epochs[:3] == (0, 1, 2)
    assert flow.layers[-1] == "output"
    assert flow.gradient_norm.shape == (len(flow.layers), len(flow.epochs))
    assert math.isnan(flow.update_ratio[0, 0])  # no update before the first epoch


def test_the_worst_flow_is_a_deep_sigmoid(table):
    worst = weakest_flow(table)
    assert worst is not None and worst.ratio == 10**worst.log_ratio < 1
    params = table.trials[worst.flow.number].params
    assert params["activation"] == "sigmoid" and params["n_layers"] >= 3


def test_the_table_counts_vanished_trials_by_pair(table):
    pairs = initialization_table(table)
    assert pairs is not None
    cells = {(cell.activation, cell.initialization): cell for cell in pairs.cells}
    assert cells["sigmoid", "normal"].log_ratio < -1
    assert cells["relu", "he"].n_vanished == 0
    deep = [t for t in table.trials if t.params["n_layers"] >= 2]
    assert sum(cell.n_trials for cell in pairs.cells) == len(deep)


def test_zero_gradients_count_as_vanished(records: StudyRecords):
    dead = {
        run: tuple(replace(layer, gradient_norm=0.0) for layer in layers)
        for run, layers in records.initial_layers.items()
    }
    pairs = initialization_table(study_table(replace(records, initial_layers=dead)))
    assert pairs is not None
    assert all(cell.n_vanished == cell.n_trials for cell in pairs.cells)


def test_without_records_there_is_nothing(records: StudyRecords):
    epochs = {run: tuple(replace(e, layers=()) for e in es) for run, es in records.epochs.items()}
    bare = study_table(replace(records, initial_layers={}, epochs=epochs))
    assert gradient_flow(bare, 0) is None
    assert weakest_flow(bare) is None and initialization_table(bare) is None


def test_a_weak_flow_is_one_that_shrank_a_thousandfold(table):
    worst = weakest_flow(table)
    assert worst is not None
    assert replace(worst, log_ratio=-3.1).has_vanished
    assert not replace(worst, log_ratio=-2.9).has_vanished
