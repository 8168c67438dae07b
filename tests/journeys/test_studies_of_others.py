"""Studies that a person's own loop made with plain Optuna, through the commands that read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner

import automl
import cli
from automl.study_list import list_studies
from storage import untouched


def curved(trial: optuna.Trial) -> float:
    """Curves, pruning, a log range whose best values lie at its end, a conditional branch."""
    rate = trial.suggest_float("learning rate", 1e-5, 1e-2, log=True)
    units = trial.suggest_int("units", 4, 64)
    kind = trial.suggest_categorical("optimizer", ["sgd", "adam", None])
    bonus = trial.suggest_float("momentum", 0.0, 0.99) if kind == "sgd" else 0.0
    trial.set_user_attr("notes", {"cause": ["odd", None, 1.5]})
    trial.set_user_attr("cause", 7)
    loss = 2.0
    for step in range(12):
        loss = 0.2 + 0.8 * loss * (1 - 40 * rate) + 0.001 * units - 0.01 * bonus
        trial.report(loss, step)
        if trial.number > 5 and step == 3 and loss > 1.2:
            raise optuna.TrialPruned
    return loss


def maximized(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in (100, 200, 300):
        trial.report(x * step / 300, step)
    return x


def without_curves(trial: optuna.Trial) -> float:
    if trial.number == 3:
        raise ValueError("<b>broken</b>")
    return trial.suggest_float("x", -1.0, 1.0) ** 2 + trial.suggest_int("n", 1, 3)


def not_finite(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.report(float("nan"), 0)
    trial.report(float("inf"), 1)
    return x


def sparse(trial: optuna.Trial) -> float:
    """More reports than a table has rows, each fifth epoch, the best one last."""
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in range(5, 101, 5):
        trial.report(x + 1 / step, step)
    return x + 1 / 100


def infinite(trial: optuna.Trial) -> float:
    return float("inf")


def constant(trial: optuna.Trial) -> float:
    return 1.0


def two(trial: optuna.Trial) -> tuple[float, float]:
    return 1.0, 2.0


STUDIES: dict[str, tuple[Callable[[optuna.Trial], object], int, dict[str, object]]] = {
    "curved": (curved, 40, {}),
    "maximized": (maximized, 12, {"direction": "maximize"}),
    "<b>without curves</b>": (without_curves, 30, {}),
    "not finite": (not_finite, 4, {}),
    "sparse": (sparse, 3, {}),
    "infinite": (infinite, 2, {}),
    "constant": (constant, 2, {}),
    "empty": (constant, 0, {}),
    "two objectives": (two, 3, {"directions": ["minimize", "maximize"]}),
}
READABLE = [name for name in STUDIES if name != "two objectives"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("theirs") / "theirs.db"
    for name, (objective, n_trials, options) in STUDIES.items():
        study = optuna.create_study(
            storage=f"sqlite:///{path}",
            study_name=name,
            sampler=optuna.samplers.RandomSampler(seed=0),
            **options,  # type: ignore[arg-type]
        )
        study.optimize(objective, n_trials=n_trials, catch=(ValueError,))  # type: ignore[arg-type]
    path.chmod(0o444)
    return path


@pytest.fixture
def run(path: Path) -> Callable[..., str]:
    def run_command(*words: str, code: int = 0) -> str:
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        done = CliRunner().invoke(cli.main, [*words, "--storage", f"sqlite:///{path}"])
        assert done.exit_code == code, done.output + done.stderr
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before
        assert [one.name for one in path.parent.iterdir()] == [path.name]
        return done.output + done.stderr

    return run_command


@pytest.mark.parametrize("name", READABLE)
def test_every_command_that_reads_says_what_can_be_said(
    name: str, run: Callable[..., str], tmp_path: Path
) -> None:
    shown = run("show", name)
    assert name in shown
    judged = " ".join(run("diagnose", name).split())
    assert "made with Optuna alone: losses on train rows" in judged
    assert ("It is maximized" in judged) == (name == "maximized")
    page = tmp_path / "report.html"
    run("report", name, "-o", str(page))
    text = page.read_text(encoding="utf-8")
    assert "<b>without" not in text
    assert "patience" not in text.partition("automl")[0]


def test_curves_and_params_are_judged(run: Callable[..., str], path: Path) -> None:
    judged = " ".join(run("diagnose", "curved").split())
    assert "learning rate" in judged, "the best values lie at the end of its range"
    assert "trial 0 of curved" in run("show", "curved", "--trial", "0")
    result = automl.load_study("curved", f"sqlite:///{path}")
    assert result.plots.curves().data and result.plots.importances().data
    frame = result.trials_dataframe()
    assert frame.epochs.max() == 12 and "pruned" in set(frame.state)
    assert frame.momentum.notna().equals(frame.optimizer == "sgd")


def test_epochs_are_those_that_the_loop_has_named(run: Callable[..., str]) -> None:
    shown = run("show", "sparse", "--trial", "1")
    assert "100 epochs, the best is epoch 100" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["5", "–"] in [row[:2] for row in rows] and ["best", "100"] in [row[:2] for row in rows]
    best = " ".join(run("show", "sparse").split())
    assert "100 of 100" in best


def test_all_are_listed_but_those_without_a_best_trial(run: Callable[..., str]) -> None:
    listed = run("studies")
    assert all(name in listed for name in READABLE)
    assert "two objectives" not in listed


@pytest.mark.parametrize("name", READABLE)
def test_json_says_as_much_as_text(name: str, run: Callable[..., str]) -> None:
    def no_number(word: str) -> object:
        raise AssertionError(f"{word} is not JSON")

    shown = json.loads(run("show", name, "--json"), parse_constant=no_number)
    assert shown["study"] == name
    if name == "curved":
        kinds = {one["params"]["optimizer"] for one in shown["trials"]}
        assert kinds == {"sgd", "adam", None}
    listed = json.loads(run("studies", "--json"), parse_constant=no_number)
    (found,) = (one for one in listed if one["study"] == name)
    assert (found["best"] is None) == (shown["best"] is None)


def test_what_is_not_known_is_not_made_up(run: Callable[..., str]) -> None:
    assert "1970" not in run("studies")
    listed = {one["study"]: one for one in json.loads(run("studies", "--json"))}
    assert listed["empty"]["last_call_at"] is listed["empty"]["created_at"] is None
    assert "Run the same command" not in run("show", "empty")
    compared = run("compare", "curved", "maximized")
    assert "learning rate" in compared
    assert "patience" not in compared and "max-epochs" not in compared


def test_a_database_of_others_is_well_and_copied_once_for_a_list(
    run: Callable[..., str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "automl studies" not in run("doctor")
    copies: list[Path] = []
    copy = untouched._copy
    monkeypatch.setattr(untouched, "_copy", lambda *args: (copies.append(args[1]), copy(*args)))
    assert len(list_studies(f"sqlite:///{path}")) == len(READABLE)
    assert len(copies) == 1


def test_no_file_of_a_model_is_looked_for(run: Callable[..., str], path: Path) -> None:
    """`open_store` would add this program's tables."""
    result = automl.load_study("curved", f"sqlite:///{path}")
    for ask in (result.best_state, result.best_model, lambda: result.model(0)):
        with pytest.raises(automl.AutoMLError, match=r"'curved' in .* was made with Optuna alone"):
            ask()
    assert result.predictions() is None
    assert "weights: not kept" in " ".join(run("best", "curved").split())
    told = run("resume", "curved", code=1)
    assert "study.optimize" in told and "automl.tune" not in told


@pytest.mark.parametrize("command", [("show",), ("diagnose",), ("report",)])
def test_several_objectives_are_refused(command: tuple[str], run: Callable[..., str]) -> None:
    told = run(*command, "two objectives", code=1)
    assert "must have one objective to be read" in told


@pytest.mark.parametrize(
    "command", [("promote", "curved", "--trial", "0"), ("delete", "curved", "--yes")]
)
def test_what_would_write_is_refused(command: tuple[str, ...], run: Callable[..., str]) -> None:
    told = run(*command, code=1)
    assert "Error: " in told and "is only read: by `automl show`" in " ".join(told.split())
