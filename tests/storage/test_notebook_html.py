"""What notebooks show of records: other people's texts are texts."""

from __future__ import annotations

from storage.notebook_html import described, rounded_text
from storage.records import Advice, Diagnosis, TrialRecord

HOSTILE = "<script>alert(1)</script>&\"'"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;"


def test_every_text_is_escaped() -> None:
    shown = described(HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE, head=(HOSTILE, HOSTILE))
    assert "<script" not in shown
    assert shown.count(ESCAPED) == 6


def test_without_rows_there_is_no_table() -> None:
    assert "<table" not in described("Space", [], head=("name",))


def test_numbers_have_the_digits_that_matter() -> None:
    assert [rounded_text(one) for one in (0.0032515, 1e-5, 128, "adam", None, True)] == [
        *("0.003252", "1e-05", "128", "adam", "None", "True")
    ]


def test_a_trial_is_a_line_and_in_a_notebook_a_table() -> None:
    trial = TrialRecord(7, "COMPLETE", {"learning_rate": 0.0032515, HOSTILE: HOSTILE}, 0.123456)
    assert repr(trial) == "TrialRecord(7, complete, value=0.1235, 2 params)"
    shown = trial._repr_html_()
    assert "Trial 7" in shown and "complete, value 0.1235" in shown and "0.003252" in shown
    assert "<script" not in shown and shown.count(ESCAPED) == 2
    assert repr(TrialRecord(8, "RUNNING", {})) == "TrialRecord(8, unfinished, 0 params)"


def test_a_diagnosis_is_a_line_and_in_a_notebook_says_what_to_do() -> None:
    found = Diagnosis("high_variance", "warning", HOSTILE, {"gap": 1.0}, (Advice(HOSTILE),), 3)
    assert repr(found).startswith("Diagnosis('high_variance', warning, trial 3, 1 advised: ")
    assert "gap" not in repr(found)
    shown = found._repr_html_()
    assert "High variance (warning)" in shown and "1." in shown
    assert "<script" not in shown and shown.count(ESCAPED) == 2


def test_a_diagnosis_has_the_name_that_it_has_everywhere_and_has_it_once() -> None:
    beside = {"compared_with": ["linear_model"]}
    tied = Diagnosis("good_fit", "info", "As good as its references: the loss is 0.2.", beside)
    shown = tied._repr_html_()
    assert "As good as its references (info)" in shown and "Good fit" not in shown
    assert shown.count("As good as") == 1
