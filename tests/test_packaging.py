"""What is installed: all packages, every library that is imported, every version pinned."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
PACKAGES = ("automl", "search_spaces", "storage")

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
    extras = PROJECT["optional-dependencies"]
    optional = [*extras["dashboard"], *extras["onnx"], *extras["serve"]]
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
        assert distribution(requirement) in pins, requirement
    assert not [version for version in pins.values() if "+" in version]
    assert pins["torch"] == "2.13.0"


def test_the_dashboard_extra_is_tested() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras["dashboard"]) <= set(extras["dev"])


def test_the_scripts_that_ci_runs_are_valid_shell() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_make_says_what_it_can_do() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("search", "test", "test-all", "check", "clean"):
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
