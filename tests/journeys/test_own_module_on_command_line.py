"""A person's own network from a folder of theirs, by commands, with two workers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.journeys.own_networks import folder_with_networks, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers need Linux or macOS")

SEARCH = ("-m", "cli", "search", "sklearn:iris", "--folds", "1", "--workers", "2")


@pytest.mark.slow
def test_a_residual_network_is_searched_and_predicts(tmp_path: Path) -> None:
    folder = folder_with_networks(tmp_path)
    own = ("--model", "my_network.py:build", "--space", "my_space.toml")
    done = run(folder, *SEARCH, *own, "--n-trials", "3", "--max-epochs", "4", "--report", "r.html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "iris-target: 3 trials" in done.stdout and "blocks" in done.stdout
    assert "my_network.py:build" in (folder / "r.html").read_text()

    refused = run(folder, "-m", "cli", "predict", "iris-target", "sklearn:iris")
    assert refused.returncode == 1
    assert "not run by itself; give it again: --model my_network.py:build" in refused.stderr
    assert "Traceback" not in refused.stderr
    predicted = run(
        folder, "-m", "cli", "predict", "iris-target", "sklearn:iris", *own[:2], "-o", "p.csv"
    )
    assert predicted.returncode == 0, predicted.stderr
    assert len((folder / "p.csv").read_text().splitlines()) == 151

    (folder / "my_network.py").write_text(
        (folder / "my_network.py")
        .read_text()
        .replace("nn.Sequential(", "nn.Sequential(nn.ReLU(),")
    )
    other = run(folder, *SEARCH, *own, "--n-trials", "4", "--max-epochs", "4")
    assert other.returncode == 1
    assert "the code of my_network.py:build has changed since" in other.stderr


def test_a_network_that_raises_ends_the_search_with_its_line(tmp_path: Path) -> None:
    folder = folder_with_networks(tmp_path)
    done = run(folder, *SEARCH, "--model", "broken.py:raises", "--n-trials", "40")
    assert done.returncode == 1
    assert "all failed alike: ValueError: no such block: 7 (broken.py, line 14, in forward)" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_networks_over_a_limit_are_not_trained(tmp_path: Path) -> None:
    """How large one is, only the network that is built can tell."""
    folder = folder_with_networks(tmp_path)
    own = ("--model", "my_network.py:build", "--space", "my_space.toml", "--no-references")
    limits = ("--max-parameters", "2k", "--max-latency", "1s")
    done = run(folder, *SEARCH, *own, *limits, "--n-trials", "8", "--max-epochs", "3", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["n_trials"]["refused"] > 0
    assert found["n_trials"]["failed"] == 0
    assert found["best"]["n_parameters"] <= 2000
    assert 0 < found["best"]["latency"] < 1
    assert "was refused:" in done.stderr

    shown = run(folder, "-m", "cli", "show", "iris-target")
    assert f"its network: {found['best']['n_parameters']:,} parameters" in shown.stdout
    assert "allowed: 2,000 parameters and 1 s for a call of 1 row" in shown.stdout
    other = run(folder, *SEARCH, *own, "--max-parameters", "3k")
    assert other.returncode == 1
    assert "max-parameters is 2000 in the study and 3000 here" in other.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        ("wrong_shape", (), "3 outputs per row, (64, 3) for these 64 rows, but returned (64, 4)"),
        ("hangs", ("--trial-timeout", "2s", "--n-trials", "2"), "it took more than 2 seconds"),
        (
            "hangs",
            ("--timeout", "30s", "--n-trials", "2"),
            "in training: it hung in broken.py, line ",
        ),
        ("nan", ("--n-trials", "2"), "Broken.forward (broken.py, line 12) must return finite"),
    ],
)
def test_what_a_network_does_wrong_is_told(
    tmp_path: Path, function: str, options: tuple[str, ...], words: str
) -> None:
    folder = folder_with_networks(tmp_path)
    fixed = ("--set", "batch_size=64", "--max-epochs", "2", "--no-references")
    done = run(folder, *SEARCH, "--model", f"broken.py:{function}", *fixed, *options)
    assert done.returncode == (0 if "unfinished" in done.stdout else 1), done.stdout
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
