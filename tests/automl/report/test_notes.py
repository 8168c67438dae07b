from dataclasses import replace

from automl.report import verdict_part
from automl.report.notes import _verdict, marked, plain, study_note, trial_notes
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_the_study_note_has_configuration_verdict_and_advice(table):
    note = study_note(table)
    assert f"**Best: trial {table.best.number}" in note
    assert "| learning\\_rate |" in note
    assert "### Warning: High variance" in note
    assert "1. Regularize: raise dropout. `" in note and "dropout=0.2..0.6" in note
    assert "**Better than boosted trees on " in note


def test_what_pauses_is_explained(table, paused_records: StudyRecords):
    note = study_note(study_table(paused_records), storage="sqlite:///a.db")
    assert "`automl promote digits-target --storage sqlite:///a.db --trial NUMBER`" in note
    assert " paused (" in note and "pruned" not in note
    assert "promote" not in study_note(table)


def test_notes_are_kept_for_the_best_and_the_failed(table):
    notes = trial_notes(table)
    assert notes[table.best.number].startswith("**Rank 1**")
    failed = next(t for t in table.trials if t.outcome == "failed")
    assert notes[failed.number].startswith("**diverged**: the loss became infinite")
    ranked = {t.number for t in table.ranked}
    assert sum(number in ranked for number in notes) == min(20, len(ranked))


def test_a_study_that_has_just_begun_has_a_note(records: StudyRecords):
    assert "No trial has completed yet" in study_note(study_table(StudyRecords(records.settings)))


def test_text_from_data_is_shown_as_it_is(records: StudyRecords):
    assert plain("<b>x</b> a_b *c* $d$") == "&lt;b&gt;x&lt;/b&gt; a\\_b \\*c\\* \\$d\\$"
    assert plain("two\nlines | cell") == "two lines \\| cell"
    named = replace(records, settings=replace(records.settings, study_name="<img src=x>"))
    assert "<img" not in study_note(study_table(named))


def test_quoted_options_are_code_and_no_backtick_is_seen(table):
    assert marked("give `--set a_b=1` to *it*") == "give `--set a_b=1` to \\*it\\*"
    assert marked("a lone ` stays") == "a lone \\` stays"
    assert "\\`" not in study_note(table)


def test_a_verdict_is_not_named_twice(table):
    said = verdict_part.Verdict("good", "Good", "Good fit", "All is well.", (), (), None)
    assert _verdict(said)[0] == "### Good fit"


def test_why_the_plot_of_importances_is_empty_is_said(table):
    why = "14 trials are too few to tell what mattered from chance; 25 are needed."
    assert f"\n{why} Importances on these pages" in study_note(table, why)
