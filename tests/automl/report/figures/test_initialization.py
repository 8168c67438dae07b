from dataclasses import replace

from automl.report.figures.initialization import Cell, cells_of_pairs, drawing, panels, words
from automl.report.numbers.study import study_table
from automl.report.panels import Remark
from storage.records import StudyRecords


def test_the_table_counts_vanished_trials_by_pair(table):
    cells = cells_of_pairs(table)
    pairs = {(cell.activation, cell.initialization): cell for cell in cells}
    assert pairs["sigmoid", "normal"].log_ratio < -1
    assert pairs["relu", "he"].n_vanished == 0
    deep = [t for t in table.trials if t.params["n_layers"] >= 2]
    assert sum(len(cell.ratios) for cell in cells) == len(deep)


def test_the_table_of_pairs_names_ratios(table):
    heat = drawing(cells_of_pairs(table)).data[0]
    assert list(heat.x) == ["he", "normal", "xavier"]
    row, column = list(heat.y).index("sigmoid"), list(heat.x).index("normal")
    assert heat.z[row][column] < -1
    assert "trials<br>vanished in" in heat.customdata[row][column]


def test_ratios_read_as_factors_or_powers():
    ratios = {"a": -4.0, "b": 0.0, "c": float("inf")}
    heat = drawing([Cell("relu", name, [ratio], 0.5) for name, ratio in ratios.items()]).data[0]
    assert list(heat.text[0]) == ["10<sup>−4.0</sup>", "1×", "∞"]


def test_pairs_that_went_wrong_are_told(table):
    assert "sigmoid with normal (vanished in" in words(cells_of_pairs(table))


def test_zero_gradients_count_as_vanished(records: StudyRecords):
    dead = {
        run: tuple(replace(layer, gradient_norm=0.0) for layer in layers)
        for run, layers in records.initial_layers.items()
    }
    cells = cells_of_pairs(study_table(replace(records, initial_layers=dead)))
    assert cells and all(cell.n_vanished == len(cell.ratios) for cell in cells)


def test_where_all_went_well_a_sentence_stands(records: StudyRecords):
    tame = tuple(t for t in records.trials if t.params["activation"] != "sigmoid")
    (remark,) = panels(study_table(replace(records, trials=tame)))
    assert isinstance(remark, Remark) and remark.text.startswith("No pair of activation")


def test_without_records_there_is_nothing(records: StudyRecords):
    assert panels(study_table(replace(records, initial_layers={}))) == []
