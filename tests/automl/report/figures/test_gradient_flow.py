import math
from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.gradient_flow import (
    GradientFlow,
    drawing,
    figure,
    gradient_flow,
    panels,
    words,
)
from automl.report.numbers.study import study_table
from automl.report.panels import Panel, Remark
from storage.records import LayerGradientRecord, StudyRecords


def layer(**signals: float) -> LayerGradientRecord:
    norms = {"gradient_norm": 1.0, "update_ratio": math.nan}
    shares = {"saturated_fraction": 0.0, "dead_fraction": 0.0}
    fields = dict.fromkeys(LayerGradientRecord.__dataclass_fields__, 0.0)
    return LayerGradientRecord(**fields | {"name": "hidden 1"} | norms | shares | signals)


def test_layers_are_rows_and_epochs_are_columns(table):
    flow = gradient_flow(table, table.best.number)
    assert [*flow.moments][:3] == [0, 1, 2] and flow.layers[-1] == "output"
    heat = drawing(flow).data[0]
    assert list(heat.y) == list(flow.layers)
    assert heat.x[0] == "start" and heat.x[1] == "1"
    assert np.allclose(10.0**heat.z, flow.gradient_norm, rtol=1e-5)
    assert "update" not in heat.customdata[0][0]  # none before the first epoch


def test_a_cell_says_what_is_wrong_in_it():
    signals = layer(update_ratio=1e-3, saturated_fraction=0.25, dead_fraction=0.5)
    assert drawing(GradientFlow(0, {1: (signals,)})).data[0].customdata[0][0] == (
        "gradient norm 1.00e+00<br>update / weight 1.0e-03<br>25% saturated<br>50% dead"
    )


def test_gradients_of_zero_can_be_drawn():
    zero = (layer(gradient_norm=0.0),) * 2
    assert np.isfinite(drawing(GradientFlow(0, {0: zero, 1: zero})).data[0].z).all()


def test_the_weakest_flow_is_a_deep_sigmoid(table):
    best, weakest = panels(table)
    number = int(weakest.title.removeprefix("Weakest flow (trial ").rstrip(")"))
    params = table.trials[number].params
    assert isinstance(best, Panel) and str(table.best.number) in best.title
    assert params["activation"] == "sigmoid" and params["n_layers"] >= 3


def test_a_weakest_flow_with_nothing_weak_is_a_sentence(records: StudyRecords):
    tame = tuple(t for t in records.trials if t.params["activation"] != "sigmoid")
    _, remark = panels(study_table(replace(records, trials=tame)))
    assert isinstance(remark, Remark)
    assert remark.text.startswith("In no trial did the gradient shrink a thousandfold")


def test_first_and_last_layer_are_told(table):
    said = words(gradient_flow(table, table.best.number))
    assert "at initialization" in said and "nearest the input" in said


def test_without_records_there_is_nothing(records: StudyRecords):
    epochs = {run: tuple(replace(e, layers=()) for e in es) for run, es in records.epochs.items()}
    bare = study_table(replace(records, initial_layers={}, epochs=epochs))
    assert gradient_flow(bare, 0) is None and panels(bare) == []
    with pytest.raises(ConfigError, match="No gradient records of trial 777"):
        figure(bare, 777)
