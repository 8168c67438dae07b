"""Puts numbers, figures and words into one HTML file that needs nothing else.

What a person wants to know first stands on the first one or two screens: the headline, scores
beside the references, the verdict and what to type next, the best configuration, what mattered,
the best learning curve. The rest is folded; links and print open it.

Templates are jinja2 with autoescape; Plotly's script is embedded once; figures travel as
JSON and are drawn when they come into view, so that a page with fifty of them opens at once.
A content security policy inside the file forbids it to load anything from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from jinja2.filters import do_forceescape, do_mark_safe
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from automl.commands_to_type import pauses_explained, reproducing_command, trained_calls
from automl.comparison import Comparison
from automl.diagnostics.choice import choice_head, choice_rows
from automl.diagnostics.headline import headline
from automl.options.values import DEFAULT_STORAGE
from automl.report import glossary, reproduce_part, result_part, style, verdict_part
from automl.report.figures import FIGURES, progress
from automl.report.numbers.axes import fixed_parameters
from automl.report.numbers.effort import effort
from automl.report.numbers.overview import overview
from automl.report.numbers.study import StudyTable, study_table
from automl.report.panels import Panel, Place, Remark, safe_json
from automl.system.output_files import NOTHING, PAGE, write_output
from automl.wording.counts import listing
from automl.wording.stops import stop_sentence
from storage.records import StudyRecords

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page, for the table of contents and its heading."""

    key: str
    title: str
    question: str = ""  # of parts that are folded: what is found in them
    nothing: str = ""  # what is said where it has no figures


PARTS = (
    Part("result", "Result"),
    Part("verdict", "Verdict"),
    Part("configuration", "Best configuration"),
    Part("importance", "What mattered"),
    Part("columns", "Columns", "What of the data does the answer use?",
         "It was not measured which columns the answer uses."),
    Part("parameters", "Hyperparameters", "Where do good trials lie, one by one and in pairs?",
         "No hyperparameter varies between trials yet."),
    Part("curves", "Bias and variance", "Do trials fit too little, or too much?",
         "No trial has finite losses yet."),
    Part("gradients", "Gradient flow", "Does the signal reach every layer?",
         "No layer signals were kept."),
    Part("predictions", "Predictions", "Where is the best network right and wrong?",
         "No predictions are kept with this study, or their file cannot be read."),
    Part("search", "The search", "How did trials end, and what did they cost?",
         "No trial has begun yet."),
    Part("reproduce", "Reproduce"),
)  # fmt: skip

Group = tuple[Place, list[Panel | Remark]]


def write_report(
    records: StudyRecords,
    path: str | Path,
    predictions: Mapping[str, NDArray[Any]] | None = None,
    spared: Mapping[str, str] = NOTHING,
    storage: str = DEFAULT_STORAGE,
) -> Path:
    """Write the report of a study as one self-contained HTML file.

    Args:
        path: the file; an earlier page is replaced as a whole.
        predictions: of the answer, by "<split>_targets" and "<split>_predictions" with
            split "valid" and "test"; the page says so where they are missing.
        spared: files that must stay, as those of the study's data, each with what it is.
        storage: the study's database, for the commands that the page says.

    Raises:
        OutputError: it cannot be written there.

    Shape:
        targets: (N,); predictions: (N, C) probabilities, or (N,) values in the target's unit.
    """
    return write_page(report_html(records, predictions, storage), path, spared)


def report_html(
    records: StudyRecords,
    predictions: Mapping[str, NDArray[Any]] | None = None,
    storage: str = DEFAULT_STORAGE,
) -> str:
    """The report as text."""
    table = study_table(records, lambda: predictions, storage)
    return render(
        "report.html.j2",
        parts={part.key: part for part in shown_parts(table)},
        groups=groups(table),
        predictions=table.judged_rows,
        **_result(table),
        **_verdict(table, storage),
        **_origin(records, storage),
    )


OF_NETWORKS = frozenset({"columns", "gradients", "predictions"})
"""Parts that a study of a person's own objective cannot have."""


def shown_parts(table: StudyTable) -> list[Part]:
    """The parts of a study's page."""
    left_out = set(OF_NETWORKS) if table.records.settings.is_objective else set()
    if not table.best:
        left_out.add("configuration")
    return [part for part in PARTS if part.key not in left_out]


def write_comparison(
    compared: Comparison, path: str | Path, spared: Mapping[str, str] = NOTHING
) -> Path:
    """Write a page that puts two or more studies side by side."""
    page = render(
        "comparison.html.j2",
        title=f"Comparison of {listing(compared.names)}",
        compared=compared,
        panels=progress.panels(compared),
    )
    return write_page(page, path, spared)


def _result(table: StudyTable) -> dict[str, object]:
    """What the page says of the best trial and its scores."""
    settings = table.records.settings
    shown, spent, searched = overview(table), effort(table), table.axes
    return {
        "title": settings.study_name,
        "settings": settings,
        "subject": result_part.subject(settings),
        "cards": result_part.cards(shown, spent, settings),
        "overview": shown,
        "certainty": result_part.certainty(shown),
        "score_head": result_part.score_head(shown),
        "score_rows": result_part.score_rows(shown),
        "choice_head": choice_head(table.records),
        "choice_rows": choice_rows(table.records),
        "configuration": result_part.configuration(shown.best, searched),
        "fixed": result_part.fixed(shown.best, searched, fixed_parameters(settings)),
        "best_head": result_part.best_head(shown, settings.epoch_metric),
        "best_rows": result_part.best_rows(shown, settings.epoch_metric),
        "effort": spent,
        "causes": result_part.causes(spent),
    }


def _verdict(table: StudyTable, storage: str) -> dict[str, object]:
    """The headline and the verdicts, and what of their words the glossary explains."""
    records = table.records
    of_study, of_trials = verdict_part.verdicts(records, storage)
    heads = headline(records)
    said = [*heads.lines, *result_part.certainty(overview(table))]
    said += [part.title for part in shown_parts(table)]
    for each in (*of_study, *of_trials):
        said += [each.kind, each.message, *(sentence for sentence, _ in each.advice)]
    return {
        "headline": heads,
        "words": glossary.occurring(said),
        "stopped": "" if records.stop is None else stop_sentence(records.stop),
        "verdicts": of_study,
        "more_verdicts": verdict_part.more_words(of_study[1:]),
        "trial_verdicts": of_trials,
    }


def groups(table: StudyTable) -> dict[str, list[Group]]:
    """All panels of a study by the part that they stand in; those of one place together."""
    made = [panel for figure in FIGURES.values() for panel in figure.panels(table)]
    return {
        part.key: [
            (place, list(panels))
            for place, panels in groupby(
                (panel for panel in made if panel.place.part == part.key), lambda p: p.place
            )
        ]
        for part in PARTS
    }


def _origin(records: StudyRecords, storage: str) -> dict[str, object]:
    """Where it all comes from, and the command that repeats it."""
    return {
        "policies": trained_calls(records),
        "pauses": pauses_explained(records, storage),
        "reproduction": reproducing_command(records, storage),
        "facts": reproduce_part.facts(records.settings),
        "columns": reproduce_part.columns(records.settings),
        "space_rows": reproduce_part.space_rows(records),
        "data_checks": reproduce_part.data_checks(records),
    }


def environment() -> jinja2.Environment:
    """Templates with every value escaped, and an error for every name that is missing."""
    loaded = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.filters["code"] = code
    loaded.filters["unbroken"] = unbroken
    return loaded


def code(text: str) -> str:
    """Text whose `quoted` parts are set as code, as messages write options; all is escaped."""
    pieces = re.split(r"`([^`]+)`", str(text))
    return do_mark_safe(
        "".join(
            f"<code>{unbroken(piece)}</code>" if i % 2 else str(do_forceescape(piece))
            for i, piece in enumerate(pieces)
        )
    )


def unbroken(text: str) -> str:
    """Text, escaped, whose options stay on a line: "--target" is not broken behind a dash."""
    marked = r'<span class="option">\g<0></span>'
    return do_mark_safe(re.sub(r"(?<!\S)--?[\w-]+", marked, str(do_forceescape(text))))


def render(template: str, **context: Any) -> str:
    """Fill a template of `automl/report/templates`, with the script and styles of all pages.

    Args:
        context: what it shows; `words` are the entries of the glossary that it explains.
    """
    themes = {
        "light": style.LIGHT.to_plotly_json(),
        "dark": style.DARK.to_plotly_json(),
        "on_dark": style.ON_DARK,
    }
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    templates = environment()
    templates.filters["explained"] = glossary.Marker(context.get("words", ())).mark
    return templates.get_template(template).render(
        themes=safe_json(themes), plotly_script=get_plotlyjs(), written_at=now, **context
    )


def write_page(text: str, path: str | Path, spared: Mapping[str, str] = NOTHING) -> Path:
    """Write a page whole, over nothing but an earlier page.

    Args:
        spared: files that must stay, each with what it is.

    Raises:
        OutputError: it cannot be written there.
    """
    content = text.encode("utf-8", "backslashreplace")  # names of files can hold half characters
    return write_output(path, content, PAGE, spared)
