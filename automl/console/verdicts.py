"""Verdicts with their advice, as the terminal shows them; alone they are what `diagnose` prints.

A verdict's name has the colour of its severity; each advice is a numbered step, with the command
to type below it where it is one. What was tried by `--confirm` stands in a table at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.commands_to_type import next_command
from automl.console.consoles import stdout_console
from automl.diagnostics.headline import headline
from automl.diagnostics.standing import StandingKind
from automl.stored_result import StoredResult
from automl.wording.numbers import number
from automl.wording.printable import one_line
from storage.records import Diagnosis, Json, Severity
from storage.titles import title, titled, untitled

SEVERITY_STYLES: Mapping[Severity, str] = {
    "good": "green",
    "info": "cyan",
    "warning": "yellow",
    "problem": "red",
}
STANDING_STYLES: Mapping[StandingKind, str] = {
    "better": "green",
    "no_better": "yellow",
    "worse": "red",
    "unknown": "cyan",
}

MEASURED: Mapping[str, tuple[str, str]] = {
    "advice_helps": ("helps", "bold green"),
    "advice_harms": ("harms", "bold red"),
    "advice_no_difference": ("no difference", "cyan"),
    "advice_undecided": ("undecided", "yellow"),
}
"""What an advice did when it was tried, with the style of these words."""


def print_verdict(result: StoredResult) -> None:
    """All verdicts of a study with their advice, behind how the network stands."""
    console = stdout_console()
    console.print(opened(headline(result.records).standing.sentence, standing_style(result)))
    console.print()
    measured = [one for one in result.diagnoses if one.kind in MEASURED and "gain" in one.evidence]
    for diagnosis in result.diagnoses:
        if diagnosis not in measured:
            print_diagnosis(console, diagnosis)
            print_advice(console, result, diagnosis)
            if not diagnosis.advice:
                console.print()
    if measured:
        console.print(_measured_table(measured))
        if result.records.settings.split.get("n_folds", 1) != 1:
            console.print("Tried on the first fold only.")


def _measured_table(measured: Sequence[Diagnosis]) -> Table:
    """What advised changes did when they were tried, in the order of the answers."""
    first = measured[0].evidence
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, title_justify="left")
    table.title = (
        f"advice tried in trial {measured[0].trial_number}'s configuration, "
        f"{first.get('n_epochs')} epochs, unchanged valid loss {_number(first, 'loss_before')}"
    )
    table.title_style = "bold"
    table.add_column("change")
    table.add_column("result", no_wrap=True)
    for column in ("valid\nloss", "lower by", "95 % interval", "seeds"):
        table.add_column(column, justify="right", no_wrap=True)
    for diagnosis in measured:
        evidence, (words, style) = diagnosis.evidence, MEASURED[diagnosis.kind]
        if n_diverged := evidence.get("n_diverged"):
            words += f", {n_diverged} diverged"
        table.add_row(
            Text(one_line(str(evidence.get("label")))),
            Text(words, style=style),
            _number(evidence, "loss_after"),
            _number(evidence, "gain"),
            f"{_number(evidence, 'gain_low')} to {_number(evidence, 'gain_high')}",
            f"{evidence.get('n_seeds')} of {evidence.get('n_seeds_planned')}",
        )
    return table


def _number(evidence: Mapping[str, Json], name: str) -> str:
    value = evidence.get(name)
    return number(value, 2 if "gain" in name else 3) if _is_number(value) else "?"


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float)


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """A verdict in its own words, its name in the colour of its severity."""
    console.print(opened(message_of(diagnosis), SEVERITY_STYLES[diagnosis.severity]))


def message_of(diagnosis: Diagnosis) -> str:
    """All that a verdict says, behind its name."""
    name = title(diagnosis)
    return titled(name, untitled(name, diagnosis.message))


def opened(sentence: str, style: str) -> Text:
    """A sentence whose opening, up to the first colon, says what matters in a colour."""
    opening, colon, rest = sentence.partition(":")
    return Text.assemble((one_line(opening + colon), f"bold {style}"), marked(rest))


def standing_style(result: StoredResult) -> str:
    """The colour of how the network stands beside its references."""
    return STANDING_STYLES[headline(result.records).standing.kind]


def print_advice(console: Console, result: StoredResult, diagnosis: Diagnosis) -> None:
    """The next steps, each with the command to type where it is one."""
    _print_steps(console, _steps(result, diagnosis))


def print_next(console: Console, result: StoredResult) -> None:
    """What the verdict advises, and a command from the other verdicts where it has none."""
    verdict, *others = [_steps(result, one) for one in result.diagnoses] or [[]]
    if not any(command for _, command in verdict):
        further = [step for steps in others for step in steps if step[1]]
        verdict = [*verdict, *further[:1]]
    _print_steps(console, verdict)


def _steps(result: StoredResult, diagnosis: Diagnosis) -> list[tuple[str, str | None]]:
    """Each advice in words, with its command where it is one."""
    return [
        (advice.text, next_command(result.records, advice.changes, result.storage))
        for advice in diagnosis.advice
    ]


def _print_steps(console: Console, steps: Sequence[tuple[str, str | None]]) -> None:
    for place, (text, command) in enumerate(steps, start=1):
        step = Table.grid(padding=(0, 1, 0, 0))
        step.add_row(f"  {place}.", marked(text))
        console.print(step)
        if command is not None:  # in one line, so that it can be copied
            console.print(Text(f"     {one_line(command)}", style="cyan"), soft_wrap=True)
    if steps:
        console.print()


def marked(text: str) -> Text:
    """Text whose `quoted` parts are coloured as what is typed, as messages write options."""
    pieces = re.split(r"`([^`]+)`", one_line(text))
    return Text.assemble(*((piece, "cyan" if i % 2 else "") for i, piece in enumerate(pieces)))
