"""The studies of a database, a line each: task, score, verdict, trials, files, last call.

Names are whole, however narrow the terminal is, so that they can be copied; scores and verdicts
take a second line where there is no room.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from automl.console.consoles import stdout_console
from automl.wording.moments import brief_moment
from automl.wording.numbers import size
from automl.wording.printable import one_line
from automl.wording.scores import read_score, score_name, score_text
from storage.listed_studies import ListedStudy
from storage.titles import title

HEADS = ("study", "task", "best score", "verdict", "trials", "files", "last call")
MAY_WRAP = frozenset({"best score", "verdict"})

ANY_WIDTH = 10_000  # to ask what a table needs


def print_studies(studies: Sequence[ListedStudy], storage: str) -> None:
    """One line per study of a database."""
    console = stdout_console()
    if not studies:
        console.print(Text(f"no studies in {storage}"), soft_wrap=True)
        return
    now = time.time()
    rows = [
        (
            one_line(study.settings.study_name),
            study.settings.task,
            _score(study),
            "" if study.verdict is None else title(study.verdict),
            f"{sum(study.outcomes.values()):,}",
            size(study.files.n_bytes),
            brief_moment(study.last_call_at, now),
        )
        for study in studies
    ]
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1, 0, 0))
    for head, cells in zip(HEADS, zip(*rows, strict=True), strict=True):
        # What may be copied, or is short, stays in one line: rich would cut it at its words.
        widest = None if head in MAY_WRAP else max(map(cell_len, (head, *cells)))
        justify: JustifyMethod = "right" if head in ("trials", "files") else "left"
        table.add_column(head, justify=justify, no_wrap=widest is not None, min_width=widest)
    for row in rows:
        table.add_row(*map(Text, row))
    unlimited = console.options.update(max_width=ANY_WIDTH)
    console.width = max(console.width, console.measure(table, options=unlimited).minimum)
    console.print(table)


def _score(study: ListedStudy) -> str:
    """The score that people read, of the answer on test rows; else the lowest validation loss."""
    scored, metric = study.evaluation, read_score(study.settings)
    if scored is not None and metric in scored.scores:
        return f"{score_name(metric)} {score_text(metric, scored.scores[metric])}"
    if study.best is not None:
        return f"valid loss {score_text('loss', study.best.value)}"
    return ""
