"""Exported folders that someone has changed are refused, and nothing in them is ever run."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import automl
from automl.errors import AutoMLError, DataError
from automl.export.manifest import MANIFEST, is_export, manifest_of
from automl.export.writing import code_files, exported_files
from storage.artifact_formats import pack_tensors, unpack_tensors
from tests.automl.export.small_models import data_of, model_of, network

WEIGHTS, PREPROCESSING = "network-0.safetensors", "preprocessing-0.safetensors"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two networks as `automl export` writes it."""
    data = data_of("binary")
    one = network(data, numeric_encoding="piecewise_linear", normalization="batch_norm")
    files, _ = exported_files(model_of(data, one, network(data, n_members=2)), None)
    folder = tmp_path_factory.mktemp("exports") / "whole"
    folder.mkdir()
    files |= code_files()
    for name, content in {**files, MANIFEST: manifest_of(files)}.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy to be changed; the tests that follow hold only as this loads."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


def sealed(folder: Path) -> Path:
    """Its manifest made anew: a hostile hand knows how hashes are computed."""
    files = {one.name: one.read_bytes() for one in folder.iterdir() if one.name != MANIFEST}
    (folder / MANIFEST).write_bytes(manifest_of(files))
    return folder


def change_json(name: str, *path: str | int, value: Any) -> Callable[[Path], None]:
    """What sets a value inside of a JSON file, and seals the folder."""

    def change(folder: Path) -> None:
        whole = json.loads((folder / name).read_bytes())
        place = whole
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        (folder / name).write_text(json.dumps(whole))
        sealed(folder)

    return change


def config(*path: str | int, value: Any) -> Callable[[Path], None]:
    return change_json("config.json", *path, value=value)


def model(name: str, value: Any) -> Callable[[Path], None]:
    return config("networks", 0, "run", "model", name, value=value)


def change_tensors(
    file: str, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> Callable[[Path], None]:
    """What changes arrays and JSON of a safetensors file, and seals the folder."""

    def changed(folder: Path) -> None:
        arrays, state = unpack_tensors((folder / file).read_bytes())
        change(arrays, state)
        (folder / file).write_bytes(pack_tensors(arrays, state))
        sealed(folder)

    return changed


def state(*path: str | int, value: Any) -> Callable[[Path], None]:
    def change(_: dict[str, Any], whole: dict[str, Any]) -> None:
        place: Any = whole
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change_tensors(PREPROCESSING, change)


def arrays(file: str, name: str, value: Any) -> Callable[[Path], None]:
    def change(of_file: dict[str, Any], _: dict[str, Any]) -> None:
        assert name in of_file
        of_file[name] = value(of_file[name])

    return change_tensors(file, change)


def unsealed(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def resealed(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)
        sealed(folder)

    return change


def link(folder: Path) -> None:
    real = folder.parent / "elsewhere.safetensors"
    (folder / WEIGHTS).rename(real)
    (folder / WEIGHTS).symlink_to(real)


def link_manifest(folder: Path) -> None:
    real = folder.parent / "elsewhere.json"
    (folder / MANIFEST).rename(real)
    (folder / MANIFEST).symlink_to(real)


def subfolder(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()


class Bomb:
    """Unpickled, it writes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("import automl; automl.bomb = True",))


HUGE_SHAPE = json.dumps(
    {"output.weight": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}
).encode()


def huge(shape: bytes) -> bytes:
    return len(shape).to_bytes(8, "little") + shape + b"\0" * 4


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a changed byte": (unsealed("README.md", b"other"), "README.md.*SHA-256"),
    "larger than it was": (unsealed("README.md", b"x" * 10**6), "README.md.*1,000,000 bytes"),
    "a file less": (lambda folder: (folder / WEIGHTS).unlink(), f"{WEIGHTS}.* is not"),
    "a link": (link, f"{WEIGHTS}.*a link"),
    "a linked manifest": (link_manifest, "manifest.json.*a link"),
    "a folder as file": (subfolder, WEIGHTS),
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), "has none; make one"),
    "no JSON": (unsealed(MANIFEST, b"{"), "manifest.json.*no JSON"),
    "no text": (unsealed(MANIFEST, b"\xff\xfe\x00"), "manifest.json"),
    "deep JSON": (unsealed(MANIFEST, b"[" * 100_000), "manifest.json"),
    "a list": (unsealed(MANIFEST, b"[]"), "manifest.json.*must be a mapping"),
    "another format": (
        unsealed(MANIFEST, b'{"format": "x", "version": 1, "files": {}}'),
        "manifest.json.*format must be",
    ),
    "a newer version": (unsealed(MANIFEST, b'{"format": "automl-torch export", "version": 9, '
                                 b'"files": {}}'), "version 1, but it is of 9"),
    "a path": (unsealed(MANIFEST, b'{"format": "automl-torch export", "version": 1, "files": '
                        b'{"../../etc/passwd": {"n_bytes": 1, "sha256": ""}}}'), "plain names"),
    "a pickle": (resealed(WEIGHTS, pickle.dumps(Bomb())), f"{WEIGHTS}.*safetensors"),
    "a huge shape": (resealed(WEIGHTS, huge(HUGE_SHAPE)), f"{WEIGHTS}.*safetensors"),
    "no config": (resealed("config.json", b"3"), "config.json.*must be a mapping"),
    "weights elsewhere": (config("networks", 0, "weights", value="../x.safetensors"),
                          r"'\.\./x.safetensors', which is none"),
    "no networks": (config("networks", value=[]), "shares"),
    "a share of text": (config("networks", 0, "share", value="all"), "config.json.*a number"),
    "a negative share": (config("networks", 0, "share", value=-1), "shares"),
    "a NaN share": (config("networks", 0, "share", value=float("nan")), "shares"),
    "a class more": (config("class_names", value=["a", "b", "c"]), "3 classes are none"),
    "classes of another type": (config("class_type", value="integer"), "config.json"),
    "an unknown task": (config("task", value="ranking"), "config.json.*one of"),
    "an unknown loss": (config("loss", value="os.system"), "loss must be one of"),
    "a threshold of text": (config("threshold", value="0.5"), "config.json"),
    "a family of code": (config("networks", 0, "run", "family", value="os:system"), "family"),
    "no settings": (config("networks", 0, "run", "model", value=[1]), "config.json"),
    "many layers": (model("n_layers", 10**12), "hidden layers"),
    "wide layers": (model("hidden_size", 10**12), WEIGHTS),
    "many members": (model("n_members", 10**9), WEIGHTS),
    "a layer of text": (model("hidden_size", "8"), "config.json.*whole number"),
    "negative units": (model("hidden_size", -8), f"{WEIGHTS}.*hidden_size"),
    "an unknown activation": (model("activation", "exec"), f"{WEIGHTS}.*activation"),
    "endless bins": (model("n_bins", 10**12), f"{WEIGHTS}.*n_bins"),
    "no dropout": (model("dropout", None), "config.json"),
    "another shape": (arrays(WEIGHTS, "output.weight", lambda one: one[:, :-1]), "must be"),
    "another name": (change_tensors(WEIGHTS, lambda all, _: all.pop("output.bias") and None),
                     "output.bias"),
    "texts of weights": (arrays(WEIGHTS, "output.weight", lambda one: one.astype(np.uint8)),
                         "precision"),
    "another kind of data": (state("kind", value="images"), "table or arrays"),
    "no plans": (state("plans", value=None), f"{PREPROCESSING}.*list"),
    "a plan of text": (state("plans", 0, "name", value=3), f"{PREPROCESSING}.*text"),
    "other columns": (state("number_names", value="size"), "must be a list"),
    "other booleans": (state("booleans", value={"size": 1.0}), "booleans"),
    "numbers of text": (state("scalings", "standard", "shift", value=["x"]), "a number"),
    "a shorter scaling": (state("scalings", "robust", "shift", value=[0.0]), "inputs"),
    "an unknown format": (state("plans", 4, "dates", "pattern", value="%q" * 999), "not known"),
    "an endless code": (state("plans", 0, "categories", "code_width", value=10**12), "too long"),
    "other medians": (arrays(PREPROCESSING, "fills", lambda one: one[:-1]), "fills must be"),
    "infinite medians": (arrays(PREPROCESSING, "fills", lambda one: one * np.inf), "finite"),
    "no deviation": (arrays(PREPROCESSING, "deviations", lambda one: one * 0), "above 0"),
}  # fmt: skip


def test_the_folder_that_is_changed_below_loads(folder: Path) -> None:
    assert repr(automl.load_export(folder)) == (
        "TrainedModel(target='target', networks=2, classes_=['no', 'yes'])"
    )
    automl.load_export(sealed(folder))


@pytest.mark.parametrize("case", HOSTILE)
def test_a_changed_folder_is_refused(case: str, folder: Path) -> None:
    change, said = HOSTILE[case]
    change(folder)
    with pytest.raises(DataError, match=said) as refused:
        automl.load_export(folder)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 700
    assert not hasattr(automl, "bomb")


def test_code_of_the_folder_is_not_run(folder: Path) -> None:
    for name in code_files():
        (folder / name).write_text("import automl; automl.bomb = True\n")
    automl.load_export(sealed(folder))
    assert not hasattr(automl, "bomb")


def test_what_a_person_keeps_in_the_folder_is_not_read(folder: Path) -> None:
    (folder / "predictions.csv").write_text("target\nyes\n")
    (folder / "more.py").write_text("import automl; automl.bomb = True\n")
    (folder / "rows.csv").symlink_to("elsewhere.csv")
    automl.load_export(folder)
    assert not hasattr(automl, "bomb")
    assert not is_export(folder), "so that --force would take what is a person's own"


def test_what_python_leaves_beside_imported_code_does_no_harm(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"\0")
    automl.load_export(folder)


@pytest.mark.parametrize(("name", "said"), [("none", "not there"), ("file.csv", "is a file")])
def test_what_is_no_folder_is_told(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("a")
    with pytest.raises(DataError, match=said):
        automl.load_export(tmp_path / name)


def test_a_model_is_for_networks_of_ones_own(folder: Path) -> None:
    with pytest.raises(AutoMLError, match="leave it out"):
        automl.load_export(folder, model=lambda params, dataset: None)
