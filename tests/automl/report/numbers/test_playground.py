import numpy as np
import pytest

from automl.report.numbers.playground import finding, loss_range, value_text
from automl.tuning.playground import PlayedGrid, PlayedRun


def run(value, *losses: float) -> PlayedRun:
    curve = np.array(losses)
    return PlayedRun(value, curve, curve, 0.25, np.zeros((2, 2)))


def test_the_finding_names_best_stuck_and_diverged():
    grid = PlayedGrid("optimizer", (run("sgd", 0.7, 0.69), run("adam", 0.5, 0.1),
                                    run("momentum", 0.6, np.inf)))  # fmt: skip
    assert finding(grid) == (
        "Best with optimizer adam: validation loss 0.1, 25 % of the rows wrong. "
        "Hardly better than guessing with sgd. Diverged with momentum."
    )


def test_all_curves_of_a_grid_share_their_range():
    grid = PlayedGrid("x", (run(1, 0.5, 1e-9), run(2, 40.0, np.inf)))
    assert loss_range(grid) == (1e-3, 3.0)
    assert loss_range(PlayedGrid("x", (run(1, np.inf),))) == (0.1, 1.0)
    assert loss_range(PlayedGrid("x", (run(1, 0.5, 0.2),))) == pytest.approx((0.2, 0.5))


def test_values_read_as_a_person_writes_them():
    assert value_text(run(0.0001, 1.0)) == "0.0001"
    assert value_text(run("full", 1.0)) == "full"
