"""Puts numbers, figures and words into one HTML file that needs nothing else.

Templates are jinja2 with autoescape; Plotly's script is embedded once; figures travel as
JSON and are drawn when they come into view, so that a page with fifty of them opens at once.
A content security policy inside the file forbids it to load anything from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from jinja2.filters import do_forceescape, do_mark_safe
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from automl.output_files import NOTHING, PAGE, write_output
from automl.report import (
    comparison_part,
    figure_parts,
    reproduce_part,
    result_part,
    verdict_part,
)
from automl.report.figures import style
from automl.report.numbers.importances import importances
from automl.report.numbers.overview import overview
from automl.report.numbers.search import effort
from automl.report.numbers.trials import StudyTable, study_table
from automl.report.panels import safe_json
from storage.records import StudyRecords

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Part:
    """One numbered part of the page, for the table of contents and its heading."""

    key: str
    title: str
    question: str


PARTS = (
    Part("result", "Result", "What is the best configuration, and how good is it?"),
    Part("verdict", "Verdict", "Why is it as good as it is, and what should be done next?"),
    Part("curves", "Learning curves", "How did the best trials learn?"),
    Part("bias-variance", "Bias and variance", "Do trials fit too little, or too much?"),
    Part("parameters", "What matters", "Which hyperparameters made the difference?"),
    Part("gradients", "Gradient flow", "Does the signal reach every layer?"),
    Part("search", "The search", "How did the search go?"),
    Part("predictions", "Predictions", "Where is the best network right and wrong?"),
    Part("reproduce", "Reproduce", "How is this result obtained again?"),
)


def write_report(
    records: StudyRecords,
    path: str | Path,
    predictions: Mapping[str, NDArray[Any]] | None = None,
    spared: Mapping[str, str] = NOTHING,
) -> Path:
    """Write the report of a study as one self-contained HTML file.

    Args:
        path: the file; an earlier page is replaced as a whole.
        predictions: of the best trial, by "<split>_targets" and "<split>_predictions" with
            split "valid" and "test"; part 8 says so where they are missing.
        spared: files that must stay, as those of the study's data, each with what it is.

    Raises:
        OutputError: it cannot be written there.

    Shape:
        targets: (N,); predictions: (N, C) probabilities, or (N,) values in the target's unit.
    """
    return write_page(report_html(records, predictions), path, spared)


def report_html(
    records: StudyRecords, predictions: Mapping[str, NDArray[Any]] | None = None
) -> str:
    """The report as text."""
    table = study_table(records)
    return render("report.html.j2", **_context(table, predictions))


def write_comparison(
    studies: Sequence[StudyRecords], path: str | Path, spared: Mapping[str, str] = NOTHING
) -> Path:
    """Write a page that puts two or more studies side by side."""
    page = render("comparison.html.j2", **comparison_part.context(studies))
    return write_page(page, path, spared)


def _context(
    table: StudyTable, predictions: Mapping[str, NDArray[Any]] | None
) -> dict[str, object]:
    settings = table.records.settings
    shown, spent, found = overview(table), effort(table), importances(table)
    study_verdicts, trial_verdicts = verdict_part.verdicts(table.records)
    judged, prediction_panels = figure_parts.prediction_panels(table, predictions)
    return {
        "title": settings.study_name,
        "parts": PARTS,
        "settings": settings,
        "task": result_part.TASKS[settings.task],
        "cards": result_part.cards(shown, spent, settings),
        "overview": shown,
        "certainty": result_part.certainty(shown),
        "score_panel": result_part.score_panel(shown),
        "score_head": result_part.score_head(shown),
        "score_rows": result_part.score_rows(shown),
        "configuration": result_part.configuration(shown.best),
        "best_head": result_part.best_head(shown, settings.metric),
        "best_rows": result_part.best_rows(shown, settings.metric),
        "verdicts": study_verdicts,
        "trial_verdicts": trial_verdicts,
        "curve_panels": figure_parts.curve_panels(table),
        "bias_variance_panels": figure_parts.bias_variance_panels(table),
        "importances": found,
        "importance_panels": figure_parts.importance_panels(table, found),
        "axis_panels": figure_parts.axis_panels(table, found),
        "contour_panels": figure_parts.contour_panels(table, found),
        "gradient_panels": figure_parts.gradient_panels(table),
        "effort": spent,
        "causes": result_part.causes(spent),
        "search_panels": figure_parts.search_panels(table),
        "policies": table.records.policies,
        "predictions": judged,
        "prediction_panels": prediction_panels,
        "facts": reproduce_part.facts(settings),
        "columns": reproduce_part.columns(settings),
        "space_rows": reproduce_part.space_rows(settings),
        "data_checks": reproduce_part.data_checks(table.records),
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
    return loaded


def code(text: str) -> str:
    """Text whose `quoted` parts are set as code, as messages write options; all is escaped."""
    escaped = str(do_forceescape(text))
    return do_mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))


def render(template: str, **context: object) -> str:
    """Fill a template of `automl/report/templates`, with the script and styles of all pages."""
    themes = {
        "light": style.LIGHT.to_plotly_json(),
        "dark": style.DARK.to_plotly_json(),
        "on_dark": style.ON_DARK,
    }
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        environment()
        .get_template(template)
        .render(themes=safe_json(themes), plotly_script=get_plotlyjs(), written_at=now, **context)
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
