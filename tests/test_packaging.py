"""What is installed: all packages, every library that is imported, every version pinned."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
PACKAGES = ("automl", "search_spaces", "storage")

SHIPPED = ("dashboard", "onnx", "serve")
"""Extras that the product itself imports; `dev` and `docs` are for work on it."""

DISTRIBUTIONS = {  # where the name to install is not the name to import
    "optuna_dashboard": "optuna-dashboard",
    "sklearn": "scikit-learn",
}


def product_files() -> list[Path]:
    return [ROOT / "cli.py", *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))]


def distribution(requirement: str) -> str:
    """`Torch>=2.4` -> `torch`, spelled as in every index (PEP 503)."""
    name = re.match(r"[\w.-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {distribution(name): version for name, version in pins}


def test_setuptools_is_given_every_package() -> None:
    """By name, so that a new one is easily forgotten."""
    listed = SETTINGS["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in product_files()
        if path.name == "__init__.py"
    }
    assert listed == sorted(found)


def test_every_file_that_is_no_module_goes_with_its_package() -> None:
    data = SETTINGS["tool"]["setuptools"]["package-data"]
    known = {
        path for package, patterns in data.items() for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }  # fmt: skip
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                assert path in known, f"{path.relative_to(ROOT)} is in no package-data"


def test_every_library_that_is_imported_is_declared() -> None:
    optional = [line for name in SHIPPED for line in PROJECT["optional-dependencies"][name]]
    declared = {distribution(line) for line in [*PROJECT["dependencies"], *optional]}
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for library in {name.split(".")[0] for name in names}:
                if library in sys.stdlib_module_names or library in (*PACKAGES, "cli"):
                    continue
                wanted = DISTRIBUTIONS.get(library, library)
                assert wanted in declared, f"{path.relative_to(ROOT)} imports {library}"


def test_every_dependency_is_pinned_without_a_build_mark() -> None:
    """A mark such as +cpu would refuse every other build of the same version."""
    pins = pinned()
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for requirement in [*PROJECT["dependencies"], *extras]:
        if requirement.startswith(PROJECT["name"]):  # its own extras
            continue
        assert distribution(requirement) in pins, requirement
    assert not [version for version in pins.values() if "+" in version]
    assert pins["torch"] == "2.13.0"


def test_every_extra_is_tested() -> None:
    extras = PROJECT["optional-dependencies"]
    assert extras["all"] == [f"{PROJECT['name']}[{','.join(SHIPPED)}]"]
    assert f"{PROJECT['name']}[all,docs]" in extras["dev"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it, which was built from the sdist."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(
        *(".git", ".venv", "build", "dist", "site", "*.egg-info", "__pycache__", ".*_cache")
    )
    shutil.copytree(ROOT, folder / "source", ignore=left_out)
    run = [sys.executable, "-m"]
    build = [*run, "build", "--no-isolation", "--outdir", "dist", "source"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [*run, "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", "installed"]
    subprocess.run([*pip, str(wheel)], cwd=folder, check=True, capture_output=True)
    return folder / "installed"


FROM_WHEEL = """
import sys
sys.path[:] = [sys.argv[1], *(path for path in sys.path if path != sys.argv[2])]
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in repr(one)]
import automl, cli, search_spaces, storage
print(*sorted({module.__file__ for module in (automl, cli, search_spaces, storage)}))
result = automl.search("sklearn:iris", n_trials=3, max_epochs=4, workers=1, policy="optuna")
result.report("report.html")
print(result.best_model().predict([[5.1, 3.5, 1.4, 0.2]])[0])
"""
"""A search by what was installed alone: templates, kernels, spaces and portfolios included."""


def test_the_wheel_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", FROM_WHEEL, str(installed), str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files, predicted = done.stdout.splitlines()
    assert all(Path(file).is_relative_to(installed) for file in files.split())
    assert predicted in {"setosa", "versicolor", "virginica"}
    assert (tmp_path / "report.html").exists()


def test_the_scripts_that_ci_runs_are_valid_shell() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_make_says_what_it_can_do() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("search", "test", "test-all", "check", "docs", "clean"):
        assert re.search(rf"^make {target}\b", done.stdout, re.MULTILINE), target


def test_nothing_names_the_machine_that_it_was_written_on() -> None:
    """Paths of a home or a workplace, in any file that git keeps."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        return  # not a checkout: an unpacked source distribution
    foreign = re.compile("|".join(("/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/")))
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix in (".py", ".md", ".toml", ".txt", ".yaml"):
            assert not foreign.search(path.read_text(encoding="utf-8")), name
