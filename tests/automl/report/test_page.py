import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from automl.comparison import compare_studies
from automl.report.page import PARTS, code, report_html, write_comparison, write_report
from storage.records import Advice, Diagnosis, StudyRecords
from tests.contracts.synthetic_study import synthetic_study

ATTACK = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(records: StudyRecords) -> str:
    random = np.random.default_rng(0)
    given = {
        "test_targets": random.integers(0, 10, 100),
        "test_predictions": random.dirichlet(np.ones(10), 100),
    }
    return report_html(records, given)


def without_plotly(page: str) -> str:
    """The page without the one script that is not ours."""
    return re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)


def test_the_parts_stand_in_order(page: str):
    places = [page.index(f'<section id="{part.key}"') for part in PARTS]
    assert places == sorted(places)
    assert page.index('class="headline') < places[0]


def test_what_matters_is_open_and_the_rest_is_folded(page: str):
    own = without_plotly(page)
    folded = re.findall(
        r'<section id="([a-z-]+)"[^>]*class="folded">\s*<details class="part">', own
    )
    assert folded == ["columns", "parameters", "curves", "gradients", "predictions", "search"]


def test_advice_and_reproduction_are_commands_to_copy(page: str):
    own = without_plotly(page)
    commands = re.findall(r'<div class="command">\s*<pre[^>]*><code>(.*?)</code>', own)
    assert len(commands) == own.count('class="copy"') >= 2
    assert all("search" in command for command in commands)
    assert "It repeats" in own


def test_plotly_is_embedded_once_and_nothing_is_loaded(page: str):
    assert len(re.findall(r"\* plotly\.js v", page)) == 1
    own = without_plotly(page)
    assert len(own) < len(page) - 3_000_000
    assert not re.findall(r'(?:src|href)="(?!#|data:)', own)
    assert "default-src 'none'" in own


def test_pauses_and_beliefs_stand_in_the_page_of_a_search_that_had_them(
    page: str, paused_records: StudyRecords
):
    paused = without_plotly(report_html(paused_records))
    assert 'id="length-scales"' in paused
    assert "Paused trials can go on" in paused
    assert ">pruned" not in paused.lower()
    assert 'id="length-scales"' not in page and "Paused trials" not in page


def test_every_figure_has_data_words_and_an_element(page: str):
    own = without_plotly(page)
    figures = re.findall(r'<div class="plot[^>]*data-figure="([^"]+)"', own)
    assert len(figures) > 25 and len(set(figures)) == len(figures)
    for key in figures:
        found = re.search(f'id="{key}-data">(.*?)</script>', own, re.DOTALL)
        assert found and json.loads(found.group(1))["data"]
    assert len(re.findall(r'role="img" aria-label="[^"]{20,}"', own)) == len(figures)


def test_headings_descend_one_level_at_a_time(page: str):
    levels = [int(level) for level in re.findall(r"<h([1-6])", without_plotly(page))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def hostile(records: StudyRecords) -> StudyRecords:
    """Every text that may come from data is an attack."""
    settings = replace(
        records.settings,
        study_name=ATTACK,
        target=ATTACK,
        data_source=ATTACK,
        command=ATTACK,
        class_names=tuple(f"{ATTACK}{i}" for i in range(10)),
        columns={ATTACK: "numeric"},
        split={ATTACK: ATTACK},
        versions={ATTACK: ATTACK},
        space={"parameters": {ATTACK: {"type": "categorical", "choices": [ATTACK, "b"]}}},
    )
    trials = tuple(
        replace(trial, params={ATTACK: ATTACK if trial.number % 2 else "b"})
        for trial in records.trials
    )
    verdict = Diagnosis(ATTACK, "problem", ATTACK, {ATTACK: ATTACK}, (Advice(ATTACK),))
    return replace(records, settings=settings, trials=trials, diagnoses=(verdict,))


def test_text_from_data_never_becomes_markup(records: StudyRecords):
    own = without_plotly(report_html(hostile(records)))
    assert "<script>alert" not in own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in own


def test_quoted_options_are_set_as_code():
    option = '<span class="option">--group</span>'
    assert code("Use `--group <x>`.") == f"Use <code>{option} &lt;x&gt;</code>."
    assert code("one ` alone") == "one ` alone"


def test_a_study_without_trials_still_makes_a_page(records: StudyRecords):
    page = report_html(StudyRecords(records.settings))
    assert "No trial has completed" in page


def test_a_study_of_a_persons_own_network_makes_a_page(own_records: StudyRecords):
    own = without_plotly(report_html(own_records))
    assert own.count(">kernel<") >= 2 and "its size" in own
    assert "activation" not in own


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_other_tasks_make_a_page(task):
    assert "<h1>" in report_html(synthetic_study(12, task=task))


def test_the_file_is_replaced_as_a_whole(records: StudyRecords, tmp_path: Path):
    path = tmp_path / "new" / "report.html"
    assert write_report(records, path) == path
    first = path.read_text(encoding="utf-8")
    write_report(records, path)
    assert path.read_text(encoding="utf-8")[:15] == first[:15] == "<!doctype html>"
    assert list(path.parent.iterdir()) == [path]  # no temporary file is left


def test_a_comparison_is_a_page_of_the_same_kind(records: StudyRecords, tmp_path: Path):
    other = synthetic_study(20, seed=2, name=ATTACK)
    compared = compare_studies([(records, None), (other, None)])
    text = write_comparison(compared, tmp_path / "c.html").read_text(encoding="utf-8")
    own = without_plotly(text)
    assert (
        "What was asked for" in own
        and "Best configurations" in own
        and 'id="progress-data"' in own
    )
    assert "<script>alert" not in own
