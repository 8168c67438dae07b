import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from automl.playground.page import write_playground
from automl.playground.play import PlayedGrid, PlayedRun, Playground

CELLS = 4


def run(valid: float, **setting) -> PlayedRun:
    losses = np.array([0.65, valid])
    return PlayedRun(setting, losses, losses, 0.1, 0.2, np.full((CELLS, CELLS), 0.9))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two hyperparameters together, and a learning rate whose second value diverges."""
    axis = np.linspace(-1, 1, CELLS)
    together = PlayedGrid(
        {"noise": (0.0, 0.3), "n_layers": (1, 2)},
        tuple(run(0.1 + noise, noise=noise, n_layers=n) for noise in (0.0, 0.3) for n in (1, 2)),
    )
    rates = (run(0.1, learning_rate=0.01), run(np.inf, learning_rate=1.0))
    alone = PlayedGrid({"learning_rate": (0.01, 1.0)}, rates)
    targets = {0.0: np.arange(6) % 2, 0.3: np.ones(6, dtype=int)}
    base = {"noise": 0.0, "n_layers": 2, "learning_rate": 0.01}
    played = Playground("xor", base, 2, np.zeros((6, 2)), targets, axis, axis, (together, alone))
    path: Path = tmp_path_factory.mktemp("page") / "play.html"
    return write_playground(played, path).read_text(encoding="utf-8")


def drawn(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="runs">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_every_choice_has_its_buttons_and_the_base_is_chosen(page: str):
    buttons = re.findall(r'<input type="radio" name="(\w+)" value="(\d)"( checked)?>', page)
    assert buttons == [
        ("noise", "0", " checked"),
        ("noise", "1", ""),
        ("n_layers", "0", ""),
        ("n_layers", "1", " checked"),
    ]
    assert re.findall(r"<legend>(.*?)</legend>", page) == ["noise", "n_layers"]
    assert 'data-grid="together" data-run="1"' in page
    assert "With no noise and 2 hidden layers, the train loss ends at 0.1" in page


def test_every_run_is_in_the_page_with_what_is_said_of_it(page: str):
    data = drawn(page)
    runs = data["grids"]["together"]["runs"]
    assert [r["valid"][-1] for r in runs] == [0.1, 0.1, 0.4, 0.4]
    assert runs[2]["sentence"].startswith("With 30 % noise and 1 hidden layer, ")
    assert len(runs[2]["facts"]) == page.count("<dt>train loss</dt>") * 6
    assert base64.b64decode(runs[0]["surface"]) == bytes([230]) * CELLS**2
    assert data["targets"] == {"0 %": [0, 1, 0, 1, 0, 1], "30 %": [1] * 6}


def test_values_of_one_hyperparameter_stand_side_by_side(page: str):
    assert page.count('data-grid="learning_rate"') == 2
    assert (
        "In this one start the validation loss ends lowest with learning_rate 0.01: at 0.1" in page
    )
    assert "It diverges with 1." in page
    assert drawn(page)["grids"]["learning_rate"]["runs"][1]["valid"] == [0.65, None]


def test_the_page_needs_no_library(page: str):
    assert len(page) < 50_000
    assert 'id="plotly"' not in page and "src=" not in page.split("<body>")[1]
