from automl.report.evidence_words import evidence_in_words, evidence_text
from storage.records import Diagnosis


def words(kind: str = "good_fit", **evidence: object) -> dict[str, str]:
    return dict(evidence_in_words(Diagnosis(kind, "info", "", evidence)))  # type: ignore[arg-type]


def test_names_of_the_code_become_words():
    assert words(train_loss=0.12345, n_trials=1200) == {
        "loss on train rows": "0.123", "trials": "1,200",
    }  # fmt: skip


def test_a_name_without_words_is_still_readable():
    assert words(some_new_number=1.5) == {"some new number": "1.5"}


def test_the_same_name_may_mean_something_else_in_another_verdict():
    assert words(n_parameters=12) == {"hyperparameters searched": "12"}
    assert words("smaller_equal", n_parameters=1234) == {"its parameters": "1,234"}


def test_shares_are_per_cent_and_intervals_have_two_ends():
    assert words(dead_fraction_at_end=0.255)["dead units at the end"] == "26 %"
    assert words(lost_share=0.14)["share of what was learned that is lost on new rows"] == "14 %"
    assert words(variance_interval=[0.1, 0.2]) == {"95 % interval of the variance": "0.1 to 0.2"}


def test_evidence_is_short():
    assert evidence_text(True) == "yes" and evidence_text(None) == "–"
    assert evidence_text(0.123456) == "0.123"
    assert evidence_text({"low_end": 1, "high": [2, 3]}) == "low end 1, high 2, 3"
    assert evidence_text(list(range(50))) == ""
    assert words(splits=[{"subject": "train", "value": 0.1}]) == {}
