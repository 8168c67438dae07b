"""A study's answer and its trials as folders, by the public names and by the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_iris

import automl
from automl.errors import ConfigError, OutputError, StudyError
from automl.export.answers import kept_rows
from automl.result import SearchResult
from cli import main


def test_a_studys_answer_comes_back_with_its_card(finished: SearchResult, tmp_path: Path) -> None:
    folder = finished.export(tmp_path / "deep" / "iris")
    frame = load_iris(as_frame=True).data
    expected = finished.best_model().predict_proba(frame)
    assert (automl.load_export(folder).predict_proba(frame) == expected).all()
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: pytorch\npipeline_tag: tabular-classification\n")
    evaluation = finished.evaluation
    assert evaluation is not None
    assert f"| accuracy | {100 * evaluation.scores['accuracy']:.1f} % |" in card
    assert "| boosted trees |" in card and "## Verdict" in card and "setosa" in card
    config = json.loads((folder / "config.json").read_bytes())
    assert config["networks"][0]["run"]["trial_number"] == finished.best.number
    with pytest.raises(OutputError, match="force=True"):
        finished.export(folder)


def test_a_trial_is_exported_by_the_command_line(finished: SearchResult, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    number, folder = finished.best.number, tmp_path / "iris"
    words = ["export", finished.study_name, str(folder), "--storage", finished.storage]
    done = CliRunner().invoke(main, [*words, "--trial", str(number), "--format", "onnx"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(folder)
    assert (folder / "model.onnx").is_file()
    again = CliRunner().invoke(main, [*words, "--format", "onnx"])
    assert again.exit_code == 1 and "earlier export" in again.stderr
    assert len(again.stderr.strip().splitlines()[-1]) < 300
    unknown = CliRunner().invoke(main, [*words, "--trial", "99"])
    assert unknown.exit_code == 1 and "Traceback" not in unknown.stderr


def test_what_is_mistyped_is_told_before_anything_is_loaded(
    finished: SearchResult, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="did you mean 'onnx'"):
        finished.export(tmp_path / "iris", format="onxx")
    with pytest.raises(OutputError, match="folder of artifacts"):
        finished.export(tmp_path / "automl.artifacts" / "iris")
    with pytest.raises(StudyError):
        finished.export(tmp_path / "iris", 99)
    assert not list(tmp_path.iterdir())


def test_a_missing_extra_is_named(
    finished: SearchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "automl.export.onnx_format", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"automl-torch\[onnx\]"):
        finished.export(tmp_path / "iris", format="onnx")


def test_rows_of_the_table_are_read_where_it_is_there(
    finished: SearchResult, tmp_path: Path
) -> None:
    settings = finished.records.settings
    assert kept_rows(settings) == [], "of scikit-learn's tables the made-up rows are enough"
    table = tmp_path / "table.csv"
    of_file = replace(settings, data_source=str(table), is_from_files=True)
    assert kept_rows(of_file) == []
    load_iris(as_frame=True).frame.to_csv(table, index=False)
    (rows,) = kept_rows(of_file)
    assert len(rows) == 150 and np.isfinite(rows["target"].astype(float)).all()
    table.write_bytes(b"\0")
    assert kept_rows(of_file) == []
