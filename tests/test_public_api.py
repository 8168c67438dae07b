"""What people may import. A change here is a change for them: say so in CHANGELOG.md."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import automl
import cli

PUBLIC = {
    "automl": [
        "AutoMLClassifier",
        "AutoMLError",
        "AutoMLRegressor",
        "ConfigError",
        "DataError",
        "DivergedError",
        "OutputError",
        "Promotion",
        "ReproducedTrial",
        "SearchOptions",
        "SearchResult",
        "StudyError",
        "TrainedModel",
        "TrainingError",
        "compare",
        "confirm",
        "dashboard",
        "delete_study",
        "diagnose",
        "doctor",
        "drop_states",
        "explain",
        "load_export",
        "load_study",
        "promote",
        "reproduce",
        "resume",
        "search",
        "study_names",
        "tune",
    ],
    "search_spaces": [
        "HYPERPARAMETERS",
        "CategoricalParameter",
        "Condition",
        "FixedParameter",
        "FloatParameter",
        "Hyperparameter",
        "IntParameter",
        "Parameter",
        "SearchSpace",
        "SearchSpaceError",
        "load",
        "names",
    ],
    "storage": [
        "Artifacts",
        "Finding",
        "OptunaStorage",
        "StorageError",
        "StorageWarning",
        "Store",
        "examine",
        "open_optuna_storage",
        "open_store",
    ],
}


@pytest.mark.parametrize("package", PUBLIC)
def test_the_exported_names_are_these(package: str) -> None:
    assert importlib.import_module(package).__all__ == PUBLIC[package]


@pytest.mark.parametrize("package", PUBLIC)
def test_every_exported_name_is_there_and_documented(package: str) -> None:
    module = importlib.import_module(package)
    for name in PUBLIC[package]:
        assert getattr(module, name).__doc__, name


@pytest.mark.parametrize("package", PUBLIC)
def test_a_name_that_is_not_exported_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        importlib.import_module(package).no_such_name  # noqa: B018


@pytest.mark.parametrize("name", ["storage", "search_spaces"])
def test_a_file_that_shadows_a_neighbour_is_named(name: str, tmp_path: Path) -> None:
    """The top-level names are common enough that a person may have such a file."""
    shadow = tmp_path / f"{name}.py"
    shadow.write_text("")
    root = Path(__file__).parent.parent
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(root)!r}]; import automl"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert f"automl needs its own package {name!r} in {root}, but {shadow} comes first" in message


IN_PYTHON = {
    "search": "automl.search",
    "resume": "automl.resume",
    "best": "automl.load_study",
    "export": "automl.SearchResult.export",
    "studies": "automl.study_names",
    "show": "automl.load_study",
    "report": "automl.SearchResult.report",
    "predict": "automl.SearchResult.write_predictions",
    "spaces": "search_spaces.load",
    "delete": "automl.delete_study",
    "promote": "automl.promote",
    "reproduce": "automl.reproduce",
    "diagnose": "automl.diagnose",
    "compare": "automl.compare",
    "doctor": "automl.doctor",
    "dashboard": "automl.dashboard",
    "playground": "automl.playground.page.write_playground",
    "serve": "automl.serving.server.serve_model",
}


@pytest.mark.parametrize(
    "command", sorted(cli.main.commands.keys() - {"completion"})
)  # of shells alone
def test_every_command_is_a_public_function(command: str) -> None:
    assert callable(pkgutil.resolve_name(IN_PYTHON[command]))


def test_what_a_tab_lists_is_what_is_there() -> None:
    assert set(automl.__all__) <= set(dir(automl))
