import numpy as np

from automl.report.figures.gradients import gradient_flow_figure, initialization_figure
from automl.report.numbers.gradients import (
    GradientFlow,
    InitializationCell,
    InitializationTable,
    gradient_flow,
    initialization_table,
)


def test_layers_are_rows_and_epochs_are_columns(table):
    flow = gradient_flow(table, table.best.number)
    heat = gradient_flow_figure(flow).data[0]
    assert list(heat.y) == list(flow.layers)
    assert heat.x[0] == "start" and heat.x[1] == "1"
    assert np.allclose(10.0**heat.z, flow.gradient_norm, rtol=1e-5)


def test_a_cell_says_what_is_wrong_in_it():
    one = np.ones((1, 1))
    flow = GradientFlow(0, ("hidden 1",), (1,), one, one * 1e-3, one * 0.25, one * 0.5)
    words = gradient_flow_figure(flow).data[0].customdata[0][0]
    assert words == (
        "gradient norm 1.00e+00<br>update / weight 1.0e-03<br>25% saturated<br>50% dead"
    )


def test_gradients_of_zero_can_be_drawn():
    zero = np.zeros((2, 2))
    flow = GradientFlow(0, ("hidden 1", "output"), (0, 1), zero, zero, zero, zero)
    assert np.isfinite(gradient_flow_figure(flow).data[0].z).all()


def test_the_table_of_pairs_names_ratios(table):
    pairs = initialization_table(table)
    heat = initialization_figure(pairs).data[0]
    assert list(heat.x) == ["he", "normal", "xavier"]
    row, column = list(heat.y).index("sigmoid"), list(heat.x).index("normal")
    assert heat.z[row][column] < -1
    assert "trials<br>vanished in" in heat.customdata[row][column]


def test_ratios_read_as_factors_or_powers():
    cells = tuple(
        InitializationCell("relu", name, 3, ratio, 0, 0, 0.5)
        for name, ratio in (("a", -4.0), ("b", 0.0), ("c", float("inf")))
    )
    heat = initialization_figure(InitializationTable(("relu",), ("a", "b", "c"), cells)).data[0]
    assert list(heat.text[0]) == ["10<sup>−4.0</sup>", "1×", "∞"]
