from __future__ import annotations

from typing import get_args

import pytest

from automl.wording.stops import stop_sentence, unfinished_sentence
from storage.call_records import StopReason, StopWord

DETAILS = {
    "n_trials": {"n_trials": 1},
    "timeout": {"timeout": 90.0},
    "max_epochs_total": {"max_epochs_total": 500, "n_epochs": 500},
    "target_loss": {"target_loss": 0.2, "trial_number": 7, "valid_loss": 0.1},
    "patience_trials": {"patience_trials": 20, "n_since": 21},
    "repeated_failure": {"message": "no"},
}


def test_every_reason_has_a_sentence_of_its_own() -> None:
    reasons = [StopReason(word, DETAILS.get(word, {})) for word in get_args(StopWord)]
    sentences = [stop_sentence(reason) for reason in reasons]
    assert len(set(sentences)) == len(sentences)
    assert all(one.startswith("it ended because ") for one in sentences)


@pytest.mark.parametrize(
    ("because", "words"),
    [
        ("timeout", "1 min 30 s"),
        ("max_epochs_total", "500 epochs"),
        ("target_loss", "trial 7 reached a validation loss of 0.1000, and 0.2000 was enough"),
        ("patience_trials", "21 trials in a row"),
    ],
)
def test_it_says_what_was_reached(because: StopWord, words: str) -> None:
    assert words in stop_sentence(StopReason(because, DETAILS[because]))


def test_a_better_trial_that_could_not_be_complete_is_said() -> None:
    left = {"unfinished_trial": 7, "unfinished_loss": 0.1}
    words = unfinished_sentence(StopReason("timeout", {"timeout": 90.0, **left}))
    assert words.startswith("Trial 7 has come to a lower validation loss, 0.1000")
    assert unfinished_sentence(StopReason("timeout", {"timeout": 90.0})) == ""
