"""The glossary as reports use it: every paragraph read, and no more said than occurs."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from automl.report.glossary import FILE, Marker, entries, occurring
from automl.report.page import code, report_html
from storage.records import Advice, Diagnosis, StudyRecords


def test_every_paragraph_of_the_file_is_an_entry() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(entries()) == text.count("\n\n**") > 30
    assert all(entry.text and "**" not in entry.text for entry in entries())
    keys = [entry.key for entry in entries()]
    assert len(set(keys)) == len(keys)
    names = [name for entry in entries() for name in entry.names]
    assert len(set(names)) == len(names), "one word is explained in one place"


def test_words_are_found_as_words_in_any_number_and_case() -> None:
    said = ["High bias", "2 ensembles", "a rerun is no word, nor is --trial or a-trial"]
    assert [entry.title for entry in occurring(said)] == ["Ensemble", "Bias"]
    assert [entry.title for entry in occurring(["overfitting, boosted trees"])] == [
        "References",
        "Variance",
    ]
    assert occurring(["nothing here"]) == ()


def test_words_that_are_only_typed_are_not_explained() -> None:
    assert occurring(["Search on with `--fold 3 bias`.", "Or `automl promote --trial 3`."]) == ()
    assert [entry.title for entry in occurring(["`bias` is bias"])] == ["Bias"]


def test_only_the_first_mention_is_a_link_and_html_stays_whole() -> None:
    marker = Marker(occurring(["bias and trial"]))
    assert marker.mark("Bias, bias") == '<a class="word" href="#word-bias">Bias</a>, bias'
    marked = marker.mark(code("`trial 3` <b> of a trial"))
    assert "<code>trial 3</code>" in marked and "&lt;b&gt;" in marked
    assert marked.endswith('of a <a class="word" href="#word-trial">trial</a>')
    assert Marker(()).mark("<i>bias") == escape("<i>bias")


def test_a_report_explains_what_its_verdict_says_and_nothing_else(records: StudyRecords) -> None:
    fit = Diagnosis(
        "high_bias", "warning", "High bias: dead units.", {}, (Advice("Use an ensemble."),)
    )
    page = report_html(replace(records, diagnoses=(fit,)))
    links = re.findall(r'class="word" href="#([\w-]+)"', page)
    assert {"word-bias", "word-ensemble"} <= set(links)
    assert len(set(links)) == len(links)
    shown = re.findall(r'<div id="(word-[\w-]+)"><dt>', page)
    assert set(links) <= set(shown)
    assert "word-leak" not in shown and "word-warm-start" not in shown
    start = page.index('id="words"')
    assert page.index("</dl>", start) - start < 8_000, "a few kB"
