"""One trial, as it is shown."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO, TextIOWrapper

import pytest

from automl.console import trial_summary
from automl.console.curves import ASCII_BLOCKS
from automl.diagnostics import headline
from automl.errors import StudyError
from automl.investigation.promotion import Promotion
from automl.result import SearchResult
from automl.wording.scores import score_text
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study


def shown(records: StudyRecords, number: int, capsys: pytest.CaptureFixture[str]) -> str:
    trial_summary.print_trial(SearchResult(records, "sqlite:///a.db"), number)
    return capsys.readouterr().out


def test_trial_is_shown_with_rank_verdict_parameters_and_curve(
    finished: SearchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    best, n_complete = finished.best, len(finished.records.complete_trials)
    printed = shown(finished.records, best.number, capsys)
    assert printed.startswith(f"trial {best.number} of iris-species: complete")
    assert f"rank 1 of {n_complete} complete" in printed.replace("\n", " ")
    (run,) = finished.records.search_runs(best.number)
    for record in finished.records.epochs[run.run_id]:
        assert score_text("loss", record.valid_loss) in printed
    for name in best.params:
        assert name in printed


def test_the_curves_of_folds_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    printed = shown(synthetic_study(6, n_folds=3), 0, capsys)
    titles = [line for line in printed.splitlines() if line.startswith("fold ")]
    assert [line.split(":")[0] for line in titles] == [f"fold {n} of 3" for n in (1, 2, 3)]
    assert all("the best is epoch" in line for line in titles)
    assert "fold" not in shown(synthetic_study(6), 0, capsys).replace("folds", "")


def test_epochs_that_are_parts_of_passes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    records = synthetic_study(20)
    cut = replace(records, settings=replace(records.settings, epoch_steps=2))
    small = next(one.number for one in records.trials if one.params["batch_size"] == 64)
    assert " updates, " not in shown(records, small, capsys)
    assert " epochs (2 updates, 0.12 passes each), " in shown(cut, small, capsys)


def test_a_stream_without_blocks_gets_plain_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    written = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", written)
    trial_summary.print_trial(SearchResult(synthetic_study(6), ""), 0)
    written.flush()
    printed = written.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    (line,) = [line for line in printed.splitlines() if line.startswith("  valid loss  ")]
    assert set(line.removeprefix("  valid loss  ")) <= set(ASCII_BLOCKS)


@pytest.mark.parametrize(
    ("kind", "is_shown"), [("vanishing_gradients", True), ("high_variance", False)]
)
def test_layers_are_shown_where_the_verdict_rests_on_them(
    kind: str,
    is_shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = synthetic_study(6)
    judged = tuple(replace(one, kind=kind) for one in records.diagnoses)
    monkeypatch.setattr(headline, "diagnose_trial", lambda *_: judged)
    printed = shown(records, 0, capsys)
    assert ("update ratio" in printed) == is_shown
    assert ("hidden 1" in printed) == is_shown


def test_trial_that_is_not_there_is_an_error(finished: SearchResult) -> None:
    with pytest.raises(StudyError, match="from 0 to 5"):
        trial_summary.print_trial(finished, 6)


@pytest.mark.parametrize(("value", "says"), [(0.1, "That is better"), (0.3, "not better than")])
def test_promotion_says_whether_pruning_was_right(
    value: float, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trial_summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, value, 0.2))
    printed = capsys.readouterr().out
    assert "trained for 3 epochs" in printed
    assert says in printed


def test_promotion_says_whether_it_went_on_or_began_anew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trial_summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, 0.1, 0.2, epochs_kept=3))
    assert "It went on after epoch 3" in capsys.readouterr().out
    trial_summary.print_promotion(Promotion(17, 3, 0.5, 50, 41, 0.1, 0.2))
    assert "trained again from the start" in capsys.readouterr().out
