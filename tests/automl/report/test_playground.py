from pathlib import Path

import numpy as np
import pytest

from automl.report.playground import write_playground
from automl.tuning.playground import PlayedGrid, PlayedRun, Playground


@pytest.fixture(scope="module")
def played() -> Playground:
    """Two values of a learning rate, the second of which diverges."""
    axis = np.linspace(-1, 1, 4)
    good = PlayedRun(0.01, np.array([0.5, 0.1]), np.array([0.6, 0.2]), 0.1, np.full((4, 4), 0.9))
    bad = PlayedRun(1.0, np.array([0.7, np.inf]), np.array([0.7, np.inf]), 0.5, np.zeros((4, 4)))
    points, targets = np.zeros((6, 2)), np.arange(6) % 2
    grid = PlayedGrid("learning_rate", (good, bad))
    return Playground("xor", {"n_layers": 2}, 2, points, targets, axis, axis, (grid,))


def test_the_page_has_a_figure_per_value(played: Playground, tmp_path: Path):
    page = write_playground(played, tmp_path / "play.html").read_text(encoding="utf-8")
    assert 'id="learning_rate-0-data"' in page and 'id="learning_rate-1-data"' in page
    assert "Best with learning_rate 0.01: validation loss 0.2, 10 % of the rows wrong." in page
    assert "Diverged with 1." in page
