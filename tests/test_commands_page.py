"""docs/commands.md is the command line as it is: generated from the commands themselves.

PYTHONPATH=. python tests/test_commands_page.py     writes the page anew
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from automl.console.command_options import SECTIONS, SectionedCommand
from automl.options.option import options_of
from cli import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

BEGINNING = """# The command line

What `automl --help` and the help of each command say, on one page. It is generated from the
commands.

Options stand behind the command, those of all commands before it: `automl --quiet search a.csv`.
What is not typed is taken from the environment, of `--n-trials` from `AUTOML_N_TRIALS`, of an
option that may repeat all values parted by blanks; then from the table `[search]` of a file
`automl.toml` in the folder, or above as far as the repository or the home folder where the file
and its folder belong to the person or root, and not everybody may write there
(`n_trials = 300`, `timeout = "10m"`, `set = ["optimizer=adam"]`); then it is the default below.
Every command that has an option takes it from there, `resume` only what a study does not keep.
Paths in the file are seen from its folder. One above counts only if it and its folder are yours
or root's, and not for everybody to write. A name that is no option is
an error of every command that reads the file, a value that cannot be of those that take it. A
variable `AUTOML_...` that is no option is warned of on stderr, but for `AUTOML_NATIVE` (0: no
compiled kernels).

`--json` prints one JSON value on stdout, and nothing else there. A thing is called the same in
all commands; moments are ISO 8601 in UTC, durations seconds, `params` all that a trial had.

Exit codes: 0, it was done; 1, it was not, and one line on stderr says why (`search` and `resume`:
no trial had time for an epoch, or none has completed; `reproduce`: not the same; `doctor`:
something was found); 2, what was typed is wrong; 130, it was interrupted, and what was stored is
kept.

## automl

"""


def page() -> str:
    """The whole page."""
    context = main.make_context("automl", ["spaces"], resilient_parsing=True)
    lines = [*_table(_records(main.get_params(context), context))]
    for name, command in main.commands.items():
        lines += ["", f"## automl {name}", "", *_described(name, command, context)]
    return BEGINNING + "\n".join(lines) + "\n"


def _described(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    usage = command.collect_usage_pieces(context)
    yield f"`automl {name} {' '.join(usage)}`"
    yield ""
    yield inspect.cleandoc(command.help or "")
    params = {str(one.name): one for one in command.get_params(context)}
    if isinstance(command, SectionedCommand):
        for heading, record in SECTIONS.items():
            own = [params.pop(each) for each in options_of(record) if each in params]
            if own:
                yield from ("", f"{heading}:", "")
                yield from _table(_records(own, context))
        yield from ("", "Options:")
    yield ""
    yield from _table(_records(params.values(), context))


def _records(
    params: Iterable[click.Parameter], context: click.Context
) -> Iterator[tuple[str, str]]:
    for one in params:
        record = one.get_help_record(context)
        if record is not None:
            yield record


def _table(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "| option | what it is |"
    yield "|---|---|"
    for record in records:
        option, words = (" ".join(one.split()).replace("|", "\\|") for one in record)
        yield f"| `{option}` | {words} |"


def test_the_page_says_what_the_commands_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("name", main.commands)
def test_every_option_of_a_commands_help_is_on_the_page(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = CliRunner().invoke(main, [name, "--help"]).stdout
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition(f"\n## automl {name}\n")[2].partition("\n## ")[0]
    options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", told, re.MULTILINE)
    assert options
    assert [one for one in options if not re.search(rf"{one}\b", section)] == []


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
