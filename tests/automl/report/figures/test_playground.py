import numpy as np

from automl.report.figures.playground import run_figure
from automl.tuning.playground import PlayedRun, Playground


def test_the_surface_lies_under_the_points_and_above_the_curves():
    axis = np.linspace(0, 1, 3)
    run = PlayedRun(1, np.array([1.0, np.inf]), np.array([1.0, np.inf]), 0.5, np.full((3, 3), 0.5))
    points = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    played = Playground("xor", {}, 2, points, np.array([0, 1, 1]), axis, axis, ())
    figure = run_figure(played, run, (0.1, 1.0))
    heat, first, second, train, valid = figure.data
    assert heat.z.dtype == np.uint8 and heat.z[0][0] == 128
    assert len(first.x) == 1 and len(second.x) == 2
    assert train.name == "train" and np.isnan(valid.y[1])  # infinity ends the line
    assert figure.layout.yaxis2.type == "log"
