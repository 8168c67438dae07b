"""The pages in a real browser, the network off: no error, all figures drawn, text stays text.

Needs Chromium (Debian: `apt-get install chromium`) and Playwright's Python package. The
accessibility check fetches axe-core through npm once and is skipped where npm is missing.
"""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.comparison import compare_studies
from automl.report.page import write_comparison, write_report
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[2]
ATTACK = "<script>alert(1)</script>"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SEARCH = """
import automl
automl.search("sklearn:iris", n_trials={n_trials}, max_epochs=4, storage={storage!r},
              study="iris", slots=16, policy={policy!r})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """A page, and what it complained of while it was open."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def draw_all(self) -> list[int]:
        """Draw every figure; gives the number of traces of each."""
        self.page.evaluate("automl.drawAll()")
        return self.page.evaluate("automl.plots.map(plot => plot.data ? plot.data.length : 0)")

    def wait_until(self, expression: str, seconds: float = 30.0) -> None:
        """Wait until an expression is true.

        Playwright's `wait_for_function` evaluates text in the page: its content policy forbids it.
        """
        until = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < until, f"this never became true: {expression}"
            time.sleep(0.02)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_page(url: str, *, width: int = 1440, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.goto(url)
        return visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def real_study(folder: Path) -> str:
    """A real study of 300 trials; gives the storage's URL."""
    url = f"sqlite:///{folder / 'real.db'}"
    code = SEARCH.format(n_trials=300, storage=url, policy="freeze_thaw")
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    return url


@pytest.fixture(scope="module")
def report(folder: Path, real_study: str) -> str:
    import automl

    path = automl.load_study("iris", real_study).report(folder / "report.html")
    return path.as_uri()


def predictions() -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "test_targets": random.integers(0, 10, 200),
        "test_predictions": random.dirichlet(np.ones(10), 200),
    }


def hostile() -> StudyRecords:
    """A study in which every text that comes from data is an attack."""
    records = synthetic_study(60, name=ATTACK)
    settings = replace(
        records.settings,
        target=ATTACK,
        data_source=ATTACK,
        class_names=tuple(f"{ATTACK}{i}" for i in range(10)),
        columns={ATTACK: "numeric"},
        space={"parameters": {ATTACK: {"type": "categorical", "choices": [ATTACK, "b"]},
                              "dropout": {"type": "float", "low": 0.0, "high": 0.5}}},
    )  # fmt: skip
    trials = tuple(
        replace(
            t, params={ATTACK: ATTACK if t.number % 2 else "b", "dropout": t.params["dropout"]}
        )
        for t in records.trials
    )
    return replace(records, settings=settings, trials=trials)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_real_report_opens_offline_without_a_complaint(visit, report, width, scheme):
    page = visit(report, width=width, color_scheme=scheme, offline=True)
    traces = page.draw_all()
    assert len(traces) > 20 and all(traces)
    assert page.complaints == []
    assert page.requests == [report]  # the file itself and nothing else
    overflow = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, "the page scrolls sideways"


def test_sentences_in_tables_have_the_width_of_a_phone(visit, report):
    """Side by side with three columns they were a word wide, and a row a screen high."""
    page = visit(report, width=390, offline=True)
    rows = "[...document.querySelectorAll('#reproduce .words tr')].map(row => row.offsetHeight)"
    highest = f"Math.max(...{rows})"
    page.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.page.evaluate(highest) < 250


def test_a_thousand_trials_open_in_two_seconds(visit, folder):
    path = write_report(synthetic_study(1000, n_epochs=50), folder / "1000.html", predictions())
    assert path.stat().st_size < 8_000_000
    seconds = []
    for _ in range(3):
        page = visit(path.as_uri(), offline=True)
        timing = page.page.evaluate(
            "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        )
        seconds.append(timing / 1000)
    assert min(seconds) < 2.0  # other work on the machine only adds to it
    assert all(page.draw_all())


def test_figures_are_drawn_when_they_come_into_view(visit, report):
    page = visit(report, offline=True)
    drawn = "automl.plots.filter(plot => plot.data).length"
    page.wait_until(f"{drawn} > 0")
    assert page.page.evaluate(drawn) < 5  # the rest is folded
    page.page.evaluate("location.hash = 'search'")
    page.wait_until("!!document.querySelector('#history-plot').data")
    assert page.page.evaluate(drawn) < page.page.evaluate("automl.plots.length") / 2


def test_what_matters_is_a_third_of_the_whole(visit, report):
    page = visit(report, offline=True)
    height = "document.documentElement.scrollHeight"
    short = page.page.evaluate(height)
    page.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert short < 3600
    assert short < page.page.evaluate(height) / 3


def test_a_folded_figure_is_as_wide_as_its_place_when_it_is_opened(visit, report):
    """Drawn while it is folded (as for print), it takes its width when it is unfolded."""
    page = visit(report, offline=True)
    page.draw_all()
    page.page.click("#search summary")
    widths = (
        "[document.querySelector('#history-plot').clientWidth,"
        " document.querySelector('#history-plot .main-svg').clientWidth]"
    )
    page.wait_until(f"(([place, drawn]) => drawn > 300 && Math.abs(place - drawn) < 2)({widths})")


def test_a_link_opens_the_part_that_it_leads_to(visit, report):
    visited = visit(report, offline=True)
    page = visited.page
    is_open = "document.querySelector('#gradients details').open"
    assert not page.evaluate(is_open)
    page.click(".contents a[href='#gradients']")
    visited.wait_until(is_open)  # the page is told of the new address after the click
    page.click("#gradients summary")
    assert not page.evaluate(is_open)
    page.click(".contents a[href='#gradients']")  # the address is the same: no new one is visited
    assert page.evaluate(is_open)
    other = visit(f"{report}#predictions", offline=True).page
    assert other.evaluate("document.querySelector('#predictions details').open")


def test_a_command_is_copied_by_its_button(visit, report):
    page = visit(report, offline=True, permissions=["clipboard-read", "clipboard-write"]).page
    command = page.inner_text("#reproduce .command code")
    assert command.startswith("automl search sklearn:iris")
    page.click("#reproduce .copy")
    page.wait_for_selector("#reproduce .copy:text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_command_is_copied_where_a_file_may_not_use_the_clipboard(visit, report):
    page = visit(report, offline=True).page
    page.evaluate("void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))")
    page.click("#reproduce .copy")
    page.wait_for_selector("#reproduce .copy:text('Copied')")
    assert page.evaluate("getSelection().toString()") == page.inner_text("#reproduce code")


def test_a_phone_shows_answer_and_all_references(visit, report):
    page = visit(report, width=390, offline=True).page
    rows = page.evaluate(
        "[...document.querySelectorAll('#result .pair tbody tr')].map(row =>"
        " [row.cells[0].innerText,"
        " row.cells[row.cells.length - 1].getBoundingClientRect().right <= innerWidth])"
    )
    names = [name for name, _ in rows]
    assert names[0] in {"network", "ensemble"}  # as its answer is
    assert {"linear model", "boosted trees", "guessing"} <= set(names)
    assert all(is_seen for _, is_seen in rows)
    answers = page.evaluate(
        "[...document.querySelectorAll('#result > .table-card')].map(card =>"
        " card.classList.contains('scrolls') || card.scrollWidth <= card.clientWidth)"
    )
    assert all(answers)


def test_a_table_that_scrolls_says_so(visit, report):
    page = visit(report, width=390, offline=True)
    card = "document.querySelector('#configuration .table-card').classList.contains('scrolls')"
    assert not page.page.evaluate(card)
    page.page.click("#configuration summary")
    page.wait_until(card)


def test_points_can_be_coloured_by_a_hyperparameter(visit, report):
    page = visit(report, offline=True)
    page.page.click("#curves summary")
    page.page.select_option("#plane-choice", "validation loss")
    page.wait_until(
        "document.querySelector('#plane-plot').data[0].marker.colorbar?.title.text"
        " === 'validation loss'"
    )
    page.page.select_option("#plane-choice", "")
    page.wait_until("document.querySelector('#plane-plot').data[0].name === 'complete'")


def test_the_scheme_can_change_while_the_page_is_open(visit, report):
    page = visit(report, offline=True, color_scheme="light")
    page.draw_all()
    font = "document.querySelector('#curve-best-plot')._fullLayout.font.color"
    before = page.page.evaluate(font)
    page.page.emulate_media(color_scheme="dark")
    page.wait_until(f"{font} !== '{before}'")
    assert page.complaints == []


def test_text_from_data_stays_text(visit, folder):
    path = write_report(hostile(), folder / "hostile.html", predictions())
    page = visit(path.as_uri(), offline=True)
    assert all(page.draw_all())
    assert page.page.inner_text("h1") == ATTACK
    labels = page.page.evaluate(
        "[...document.querySelectorAll('svg text')].map(t => t.textContent)"
    )
    assert ATTACK in labels
    assert page.page.evaluate("document.querySelectorAll('svg script').length") == 0
    assert page.complaints == []  # an alert would be a dialog


def test_a_comparison_opens_offline(visit, folder):
    studies = [synthetic_study(60), synthetic_study(40, seed=5, name="other")]
    compared = compare_studies([(records, None) for records in studies])
    page = visit(write_comparison(compared, folder / "compare.html").as_uri(), offline=True)
    assert page.draw_all() == [6]
    assert page.complaints == []


def test_the_report_prints_all_its_figures(visit, report):
    page = visit(report, offline=True, color_scheme="dark")
    pdf = page.page.pdf(format="A4")
    assert len(pdf) > 100_000
    assert all(page.page.evaluate("automl.plots.map(plot => plot.data ? 1 : 0)"))
    assert page.page.evaluate("document.querySelectorAll('details[open]').length") == 0


def test_the_page_can_be_walked_with_the_keyboard(visit, report):
    page = visit(report, offline=True).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"BUTTON", "SUMMARY", "PRE", "DIV"} <= reached  # copy, details, commands, tables


@pytest.fixture(scope="module")
def playground(folder: Path) -> str:
    from automl.playground.page import write_playground
    from automl.playground.play import play

    vary = ["noise", "n_layers", "regularization", "learning_rate"]
    return write_playground(play("moons", vary, n_epochs=60), folder / "play.html").as_uri()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_buttons_of_the_playground_change_all_that_is_shown(visit, playground, width, scheme):
    visited = visit(playground, width=width, color_scheme=scheme, offline=True)
    page = visited.page

    def shown() -> list[str]:
        kept = [page.inner_text(".said"), page.inner_text(".explorer .facts")]
        paths = page.evaluate(
            "[...document.querySelectorAll('.explorer path')].map(p => p.getAttribute('d'))"
        )
        picture = page.evaluate("document.querySelector('.explorer canvas').toDataURL()")
        return [*kept, *paths, picture]

    visited.wait_until("document.querySelectorAll('.explorer path').length === 2")
    before = shown()
    assert before[0].startswith("With no noise, 2 hidden layers and no regularization, ")
    page.get_by_role("radio", name="30 %", exact=True).click()
    noisy = shown()
    assert noisy[0].startswith("With 30 % noise, 2 hidden layers and no regularization, ")
    assert len(noisy) == 5 and all(a != b for a, b in zip(before, noisy, strict=True))
    page.get_by_role("radio", name="0 %", exact=True).click()
    assert shown() == before
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visited.complaints == []
    assert visited.requests == [playground]


def test_labels_stand_beside_their_curves_and_apart(visit, playground):
    visited = visit(playground, offline=True)
    visited.wait_until("document.querySelectorAll('.explorer path').length === 2")
    places = visited.page.evaluate(
        "[...document.querySelectorAll('.losses')].map(svg => "
        "[...svg.querySelectorAll('[data-end]')].map(label => [label.textContent, "
        "+label.getAttribute('y'), +label.dataset.end, "
        "label.getBoundingClientRect().right - svg.getBoundingClientRect().right]))"
    )
    assert {label[0] for label in places[0]} == {"train", "validation", "guessing"}
    for labels in places:
        heights = sorted(label[1] for label in labels)
        assert all(b - a >= 13 for a, b in itertools.pairwise(heights))
        assert all(abs(y - 4 - end) <= 30 for _, y, end, _ in labels)
        assert all(beyond <= 2 for *_, beyond in labels)


def test_the_playground_can_be_played_with_the_keyboard(visit, playground):
    visited = visit(playground, offline=True)
    page = visited.page
    page.focus("input[name=noise]:checked")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".said").startswith("With 15 % noise, ")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".said").startswith("With 15 % noise, 4 hidden layers ")
    assert page.get_attribute(".said", "aria-live") == "polite"
    label = page.get_attribute(".explorer canvas", "aria-label")
    assert "15 % noise, 4 hidden layers" in label


@pytest.fixture(scope="module")
def axe(request: pytest.FixtureRequest) -> str:
    """The script of axe-core, fetched once through npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot be fetched")
    cache = request.config.cache.mkdir("axe-core")
    script = cache / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        fetched = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", cache, "axe-core@4"],
            capture_output=True,
            text=True,
        )
        if fetched.returncode:
            pytest.skip(f"axe-core cannot be fetched: {fetched.stderr[-200:]}")
    return script.read_text(encoding="utf-8")


def serious_violations(page: Any, axe: str) -> list[tuple[str, str]]:
    page.evaluate(axe)
    return [
        (found["id"], found["nodes"][0]["html"][:200])
        for found in page.evaluate("axe.run()")["violations"]
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(visit, report, axe, scheme):
    page = visit(report, offline=True, color_scheme=scheme)
    page.draw_all()
    page.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert serious_violations(page.page, axe) == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation_in_the_playground(visit, playground, axe, scheme, width):
    page = visit(playground, width=width, offline=True, color_scheme=scheme)
    assert serious_violations(page.page, axe) == []


@pytest.fixture
def dashboard(folder: Path) -> Iterator[tuple[str, str]]:
    """Optuna Dashboard on a study that is being searched; gives its address and the storage."""
    url = f"sqlite:///{folder / 'running.db'}"
    # Promotion ends by itself only when all of its trials have been there.
    search_without_end = SEARCH.format(n_trials=100_000, storage=url, policy="promotion")
    search = subprocess.Popen(
        [sys.executable, "-c", search_without_end],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "from automl.report.dashboard import serve; from storage import open_store; "
        f"serve(open_store({url!r}), {port})"
    )
    wait_for(lambda: (folder / "running.db").exists(), 120)
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", url
        assert search.poll() is None, "the search had ended: nothing was shown of a running one"
    finally:
        for process in (server, search):
            process.kill()
            process.wait()


def wait_for(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.5)


def study_details(address: str) -> dict[str, Any]:
    """What the dashboard's own pages are made of; empty until there is a study."""
    try:
        with urllib.request.urlopen(f"{address}/api/studies/1?after=0", timeout=60) as answer:
            details: dict[str, Any] = json.load(answer)
            return details
    except OSError:
        return {}


def test_the_dashboard_shows_a_running_study(visit, dashboard):
    pytest.importorskip("optuna_dashboard")
    address, _ = dashboard

    def is_published() -> bool:
        details = study_details(address)
        with_files = [trial for trial in details.get("trials", ()) if trial["artifacts"]]
        return bool(details.get("plotly_graph_objects")) and bool(with_files)

    wait_for(is_published, 180)
    page = visit(f"{address}/dashboard/studies/1").page
    for key in ("automl-curves", "automl-bias-variance", "automl-axes"):
        selector = f'[id="user-defined-plot:{key}"] .trace'
        page.wait_for_selector(selector, state="attached", timeout=120_000)
    page.goto(f"{address}/dashboard/studies/1/note")
    page.wait_for_selector("text=/Best: trial/", timeout=120_000)  # beside the search, as above
