import math
from dataclasses import replace

import pytest

from automl.report.numbers.gradients import VANISHED, initial_ratios
from automl.report.numbers.study import study_table


def test_ratios_are_of_the_first_hidden_layer_over_the_last(table):
    ratios = initial_ratios(table)
    runs = {run.trial_number: run.run_id for run in table.records.runs}
    for number, ratio in ratios.items():
        *hidden, _ = table.records.initial_layers[runs[number]]
        expected = math.log10(hidden[0].gradient_norm) - math.log10(hidden[-1].gradient_norm)
        assert ratio == pytest.approx(expected)
    assert min(ratios.values()) < VANISHED  # a deep network of sigmoids


def test_networks_of_one_hidden_layer_have_no_ratio(table):
    flat = [t.number for t in table.trials if t.params["n_layers"] == 1]
    assert flat and not set(flat) & set(initial_ratios(table))


def test_an_infinite_gradient_has_exploded(records):
    wild = {
        run: tuple(replace(layer, gradient_norm=math.inf) for layer in layers)
        for run, layers in records.initial_layers.items()
    }
    assert set(initial_ratios(study_table(replace(records, initial_layers=wild))).values()) == {
        math.inf
    }
