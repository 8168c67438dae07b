"""Pages of the site that say what stands elsewhere: files of the root, spaces, examples.

A hook of MkDocs (`hooks` in mkdocs.yml). README, ARCHITECTURE, CONTRIBUTING, CHANGELOG and
glossary become pages as they are, with their links turned to where things are on the site; each
built-in search space becomes a table made from its TOML file and the registry, and each example
is shown whole, below its story. So no fact is written twice, and nothing generated is kept in the
repository.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import search_spaces
from automl.wording.settings import range_words
from search_spaces import HYPERPARAMETERS, Parameter

ROOT: Final = Path(__file__).resolve().parent.parent

PAGES: Final = {
    "index.md": "README.md",
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "glossary.md": "automl/report/glossary.md",
}
"""Files elsewhere by their pages; reports need the glossary too."""

LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
"""A link to another file: its words, where it leads, and to which heading."""

SPACES_BEGIN: Final = """# Search spaces

What a built-in space searches, when, and why its ranges are what they are. What is fixed is not
searched until it is opened, as `--set l1=1e-6..1e-3`. `automl spaces NAME` prints the same.
"""


EXAMPLES_BEGIN: Final = """# Examples

Each runs as it is, `python examples/NAME.py`, in the folder of the repository; tests run them too.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    spaces = "\n".join([SPACES_BEGIN, *map(_space, search_spaces.names())])
    files.append(File.generated(config, "search_spaces.md", content=spaces))
    paths = sorted((ROOT / "examples").glob("*.py"))
    examples = "\n".join([EXAMPLES_BEGIN, *map(_example, paths)])
    files.append(File.generated(config, "examples.md", content=examples))
    return files


def on_page_markdown(markdown: str, *, files: Files, **_: object) -> str:
    """Turn links between files of the repository to where these are on the site."""
    pages = {source: page for page, source in PAGES.items()}

    def turned(link: re.Match[str]) -> str:
        words, target, heading = link[1], link[2], link[3] or ""
        target = target.removeprefix("../").removeprefix("docs/")
        target = pages.get(target, target)
        if files.get_file_from_path(target) is None:  # code, which is not on the site
            return words
        return f"[{words}]({target}{heading})"

    return LINK.sub(turned, markdown)


def _example(path: Path) -> str:
    """An example: its story, and all of its code below it."""
    text = path.read_text(encoding="utf-8")
    story = ast.get_docstring(ast.parse(text)) or ""
    title, _, rest = story.partition("\n")
    code = text.split('"""', 2)[2].strip()
    return f"## {path.stem}\n\n**{title}**\n\n{rest.strip()}\n\n```python\n{code}\n```\n"


def _space(name: str) -> str:
    """A table of a built-in search space."""
    rows = (_row(one) for one in search_spaces.load(name).parameters.values())
    table = "| hyperparameter | values | what it is | why this range |\n|---|---|---|---|\n"
    return f"## {name}\n\n{table}" + "\n".join(rows) + "\n"


def _row(parameter: Parameter) -> str:
    registered = HYPERPARAMETERS.get(parameter.name)
    meaning = parameter.meaning or (registered.meaning if registered else "")
    cells = (f"`{parameter.name}`", _values(parameter), meaning, parameter.reason)
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _values(parameter: Parameter) -> str:
    return "; ".join(_value_words(parameter))


def _value_words(parameter: Parameter) -> Iterator[str]:
    yield range_words(parameter.to_dict())
    if getattr(parameter, "log", False):
        yield "logarithmic"
    if parameter.when:
        yield "when " + " or ".join(map(str, parameter.when))
    if parameter.tasks:
        yield "for " + ", ".join(parameter.tasks)


def _cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|").replace("\n", " ")
