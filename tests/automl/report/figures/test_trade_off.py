from dataclasses import replace

import pytest

from automl.errors import ConfigError
from automl.report.figures.trade_off import drawing, figure, panels, trade_offs, words
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def with_latencies(records: StudyRecords) -> StudyRecords:
    """A call takes longer where a network has more parameters."""
    sizes = {run.trial_number: run.n_parameters or 0 for run in records.runs}
    trials = tuple(
        replace(trial, user_attributes={"latency": 20e-6 + 1e-9 * sizes[trial.number]})
        for trial in records.trials
    )
    settings = replace(records.settings, max_parameters=400_000, max_latency=1e-3)
    return replace(records, trials=trials, settings=settings)


def test_no_trial_is_smaller_and_better_than_one_of_the_front(table):
    (numbers,) = trade_offs(table)
    front = numbers.front
    assert numbers.best is front[-1] or numbers.best.value == front[-1].value
    for trial in numbers.cost:
        smaller = [one for one in front if numbers.cost[one] <= numbers.cost[trial]]
        assert trial in front or min(one.value for one in smaller) <= trial.value
    assert [numbers.cost[t] for t in front] == sorted(numbers.cost[t] for t in front)


def test_pruned_and_failed_trials_are_left_out(table):
    (numbers,) = trade_offs(table)
    assert {trial.outcome for trial in numbers.cost} == {"complete"}


def test_latency_has_a_panel_where_it_was_measured(records: StudyRecords):
    table = study_table(with_latencies(records))
    by_size, by_time = panels(table)
    assert [by_size.key, by_time.key] == ["trade-off-parameters", "trade-off-latency"]
    assert by_time.figure.layout.xaxis.title.text == "latency (ms)"
    assert "Latency: one call of the network on 1 row, on one core." in by_time.caption
    assert len(by_size.figure.layout.shapes) == 2  # the band and the limit
    assert by_size.figure.layout.shapes[1].x0 == 400_000
    assert by_time.figure.layout.shapes[1].x0 == 1.0


def test_the_answer_and_a_smaller_one_as_good_are_marked(records: StudyRecords):
    """Every loss is within one standard error of the best: the smallest network is as good."""
    epochs = {
        run_id: tuple(replace(one, valid_loss_standard_error=9.0) for one in curve)
        for run_id, curve in records.epochs.items()
    }
    (numbers,) = trade_offs(study_table(replace(records, epochs=epochs)))
    made = drawing(numbers)
    best, equal = made.data[-2], made.data[-1]
    assert best.marker.symbol == "star" and best.y[0] == numbers.best.value
    assert numbers.equal is not None and equal.marker.symbol == "diamond"
    assert equal.x[0] == min(numbers.cost.values())
    assert "is as good within the error" in words(numbers)


def test_the_alternative_text_has_both_ends_of_the_front(table):
    (numbers,) = trade_offs(table)
    said = words(numbers)
    assert f"The best, trial {numbers.best.number}" in said
    assert f"begins with trial {numbers.front[0].number}" in said


def test_networks_of_one_size_have_no_trade_off(records: StudyRecords):
    alike = tuple(replace(run, n_parameters=100) for run in records.runs)
    table = study_table(replace(records, runs=alike))
    assert panels(table) == []
    with pytest.raises(ConfigError, match="No two complete trials"):
        figure(table)


def test_a_study_without_trials_has_none(records: StudyRecords):
    assert panels(study_table(StudyRecords(records.settings))) == []
