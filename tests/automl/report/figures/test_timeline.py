from dataclasses import replace

from automl.report.figures.timeline import Bar, Timeline, drawing, figure, panels, timeline, words
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_the_timeline_has_a_bar_per_trial(table):
    assert sum(len(trace.y) for trace in figure(table).data) == len(timeline(table).bars)


def test_the_timeline_begins_at_zero_and_counts_what_it_leaves_out(table):
    times = timeline(table)
    assert min(bar.start for bar in times.bars) == 0
    assert all(bar.end >= bar.start for bar in times.bars)
    assert len(times.bars) + times.n_omitted == 60
    assert words(times).startswith("60 trials within")


def test_a_running_trial_ends_with_the_last_thing_known(records: StudyRecords):
    running = replace(records.trials[-1], state="RUNNING", finished_at=None, cause=None)
    times = timeline(study_table(replace(records, trials=(*records.trials[:-1], running))))
    assert times.bars[-1].end >= times.bars[-1].start


def test_of_paused_trials_only_the_beginning_is_drawn(paused_records: StudyRecords):
    table = study_table(paused_records)
    (panel,) = panels(table)
    paused = next(trace for trace in panel.figure.data if trace.name == "paused")
    assert paused.type == "scatter"
    assert all(
        bar.end == bar.start for bar in timeline(table).bars if bar.trial.outcome == "paused"
    )
    assert len(paused.y) == sum(trial.outcome == "paused" for trial in table.trials)
    assert panel.caption.startswith("Paused trials are marked where they began")


def test_long_searches_are_shown_in_hours(table):
    made = drawing(Timeline([Bar(table.best, 0.0, 7201.0)], 0))
    assert made.layout.xaxis.title.text.startswith("hours")
    made = drawing(Timeline([Bar(table.best, 0.0, 600.0)], 0))
    assert made.layout.xaxis.title.text.startswith("minutes")


def test_a_study_that_has_not_begun_has_no_timeline(records: StudyRecords):
    assert panels(study_table(StudyRecords(records.settings))) == []
