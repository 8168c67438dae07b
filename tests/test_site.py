"""The documentation is a site that builds without a warning, and asks nothing of other hosts."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import automl
import search_spaces
from tests.contracts.page_code import ROOT

PYTHON_PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return folder


def test_links_between_pages_lead_somewhere(site: Path) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    assert len(pages) > 8
    for name, text in pages.items():
        body = text[text.index('<article class="md-content__inner') : text.index("</article>")]
        for target, heading in re.findall(r'href="([\w./-]*)(?:#([^"]*))?"', body):
            assert (site / target).exists(), f"{name} links to {target}"
            if heading:
                assert f'id="{heading}"' in pages[target or name], f"{name}: {target}#{heading}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="(https?://[^"]*)"', text)
        assert not loaded, f"{path.name} loads {loaded}"


def test_every_hyperparameter_is_on_the_page_of_the_spaces(site: Path) -> None:
    text = (site / "search_spaces.html").read_text(encoding="utf-8")
    for name in search_spaces.names():
        for parameter in search_spaces.load(name).parameters:
            assert f"<code>{parameter}</code>" in text


def test_every_example_is_shown_whole(site: Path) -> None:
    text = html.unescape(re.sub(r"<[^>]*>", "", (site / "examples.html").read_text("utf-8")))
    for path in (ROOT / "examples").glob("*.py"):
        code = path.read_text(encoding="utf-8").split('"""', 2)[2].strip()
        assert code in text, path.name


def test_every_public_name_is_on_the_page_of_python() -> None:
    shown = {name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)$", PYTHON_PAGE, re.M)}
    shown |= set(re.findall(r"^ +- (\w+)$", PYTHON_PAGE, re.M))
    assert set(automl.__all__) - shown == set()
