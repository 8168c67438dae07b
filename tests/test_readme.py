"""What the README shows is true: its code runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import cli
import search_spaces
from automl.console.settings_file import find_settings
from tests.contracts.page_code import ROOT, blocks, printed_by

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(ROOT.glob("*.md"))


def commands(text: str = README) -> list[list[str]]:
    lines = "\n".join(blocks(text, "console")).splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in typed]


def test_python_blocks_run_in_their_order(tmp_path: Path) -> None:
    printed = printed_by("\n".join(blocks(README, "python")), tmp_path)
    assert (tmp_path / "report.html").exists() and (tmp_path / "regressor.html").exists()
    *scores, predictions, of_pipeline, of_images = printed
    accuracies = {name: float(score) for name, score in map(str.split, scores)}
    assert accuracies["network"] > 0.955  # these numbers are in the text below the code
    assert accuracies["linear_model"] == pytest.approx(0.96, abs=0.005)
    assert accuracies["boosted_trees"] == pytest.approx(0.98, abs=0.005)
    assert accuracies["guessing"] == pytest.approx(0.1, abs=0.005)
    assert predictions == "[0 1 2 3 4] (1797, 10)"
    assert float(of_pipeline.removeprefix("R2 ").partition(",")[0]) > 0.2
    assert float(of_images.removeprefix("[0 1 2 3 4] ")) > 0.98


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_commands_can_be_typed(command: list[str]) -> None:
    program, name, *arguments = command
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{name}:", makefile, flags=re.MULTILINE)
        return
    assert program == "automl"
    cli.main.commands[name].make_context(name, arguments)


def test_every_example_is_in_the_readme() -> None:
    shown = set(re.findall(r"\]\(examples/([\w.]+)\)", README))
    found = {path.name for path in (ROOT / "examples").iterdir() if path.is_file()}
    assert found - shown == set()


def test_every_command_is_in_the_readme() -> None:
    shown = {command[1] for command in commands() if command[0] == "automl"}
    assert cli.main.commands.keys() - shown == set()


def is_of_options(block: str) -> bool:
    """Whether a block is an `automl.toml` and not a search space."""
    return block.startswith("[search]\n")


def test_options_in_files_of_the_readme_are_some(tmp_path: Path) -> None:
    (block,) = filter(is_of_options, blocks(README, "toml"))
    (tmp_path / "automl.toml").write_text(block, encoding="utf-8")
    found = find_settings(tmp_path)
    assert found is not None and found.values["timeout"] == 600


def test_search_spaces_of_the_readme_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    spaces = [block for block in blocks(README, "toml") if not is_of_options(block)]
    for block, parameter in zip(spaces, ("momentum", "blocks"), strict=True):
        path.write_text(block, encoding="utf-8")
        assert parameter in search_spaces.load(str(path)).parameters


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / target).exists(), target


def paths_in(text: str) -> set[str]:
    """Files and folders in backquotes, or at the begin of an indented line of a block."""
    named = set(re.findall(r"`([\w.]*/[\w/.]*|\w+\.py)`", text))
    for block in blocks(text, ""):
        named.update(re.findall(r"^  (\w+/[\w/.]*|\w+\.py)", block, flags=re.MULTILINE))
    return named


def is_there(path: str) -> bool:
    """Whether a path exists: from the root, or as it is said in `automl/`; NAME and x are any."""
    if path.endswith(".py") and "/" not in path:
        return any(part.rglob(path) for part in (ROOT / "automl", ROOT / "tests"))
    is_any = {"NAME", "NAME.py", "NAME.toml", "x"} & set(path.split("/"))
    places = (ROOT / path, ROOT / "automl" / path)
    return bool(is_any) or path.startswith(".") or any(place.exists() for place in places)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = paths_in(page.read_text(encoding="utf-8"))
    assert not {path for path in named if not is_there(path)}


def test_classes_that_the_architecture_names_exist() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][a-z]\w*)(?:\.\w+)?`", page)) - {"OBJECT"}
    code = [
        path
        for part in ("automl", "search_spaces", "storage")
        for path in (ROOT / part).rglob("*.py")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in code)
    made = set(re.findall(r"^(?:class |)([A-Z]\w+)\b(?=[(:]| =)", text, flags=re.MULTILINE))
    assert not named - made
