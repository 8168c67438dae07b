"""Studies side by side, as they are printed, and as stored predictions decide."""

from __future__ import annotations

from pathlib import Path

import pytest

import automl
from automl.console.comparison_summary import print_comparison
from automl.result import SearchResult
from automl.studies import compare, comparison


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[SearchResult]:
    """Two studies of iris, of which the second can learn nothing in one epoch."""
    storage = f"sqlite:///{tmp_path_factory.mktemp('pair')}/automl.db"

    def search(study: str, *changes: str, max_epochs: int) -> SearchResult:
        return automl.search(
            "sklearn:iris",
            study=study,
            storage=storage,
            set=["batch_size=16", "optimizer=adam", *changes],
            max_epochs=max_epochs,
            n_trials=2,
            folds=1,
            workers=1,
        )

    return [
        search("good", "learning_rate=0.01", max_epochs=20),
        search("bad", "learning_rate=1e-5", max_epochs=1),
    ]


def test_who_is_better_is_told_from_what_is_kept(pair: list[SearchResult]) -> None:
    good, bad = pair
    (sentence,) = comparison([bad, good]).findings
    assert sentence.startswith(
        "On the same 30 test rows good (the lower validation loss) and bad differ: good is better"
    )
    assert good.evaluation is not None and bad.evaluation is not None
    gain = good.evaluation.scores["accuracy"] - bad.evaluation.scores["accuracy"]
    assert f"accuracy is {100 * gain:.1f} points higher with good" in sentence


def test_the_page_says_what_the_terminal_says(
    pair: list[SearchResult], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = compare(["good", "bad"], tmp_path / "page.html", pair[0].storage)
    text = page.read_text(encoding="utf-8")
    compared = comparison(pair)
    print_comparison(compared)
    printed = " ".join(capsys.readouterr().out.split())
    for finding in compared.findings:
        assert finding in text and finding in printed
    for name in compared.results:
        assert f'<th scope="row">{name}</th>' in text and name in printed


def test_results_verdicts_and_what_differs_stand_side_by_side(
    pair: list[SearchResult], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(comparison(pair))
    printed = capsys.readouterr().out
    rows = {tuple(line.split()) for line in printed.splitlines()}
    assert ("--max-epochs", "20", "1") in rows
    assert ("learning_rate", "fixed", "at", "0.01", "fixed", "at", "1e-05") in rows
    assert ("learning_rate", "0.01", "1e-05") in rows
    for text in ("against references", "verdict", "test score", "trials"):
        assert text in printed
    for text in ("None", "--seed", "batch_size  "):
        assert text not in printed
    assert max(map(len, printed.splitlines())) <= 80
