"""From files to states: what a person's own objective saved of a trial, as it was given.

They are kept like weights of networks (`keeping.py`), and read by `objectives/states.py`.
"""

from __future__ import annotations

from typing import Any

from automl.errors import StudyError
from automl.objectives.states import unpacked
from automl.wording.counts import trial_words
from storage import Store
from storage.answers import trials_of
from storage.records import StudyRecords
from storage.score_records import AnswerRecord
from storage.stored_values import damaged_in


def load_state(store: Store, records: StudyRecords, answer: AnswerRecord) -> Any:
    """The state after the best epoch of an answer's trial.

    Raises:
        StudyError: none is kept, or the study is of networks.
        StorageError: its file is missing or altered.
    """
    settings = records.settings
    if not settings.is_objective:
        raise StudyError(
            f"a state is kept of an objective, but {settings.study_name!r} is of networks; "
            "best_model() gives the best one"
        )
    run_ids = {member.run_id for member in answer.members}
    kept = [one for one in records.kept_artifacts("weights") if one.run_id in run_ids]
    if not kept:
        raise _not_kept(records, answer)
    arrays = store.artifacts.load_weights(kept[-1])
    with damaged_in("automl_artifacts", "details", artifact_id=kept[-1].artifact_id):
        return unpacked(arrays)


def _not_kept(records: StudyRecords, answer: AnswerRecord) -> StudyError:
    """Why there is no state: the best trial's is never let go for want of rank."""
    settings, best = records.settings, records.best_trial
    numbers = trials_of(records, answer) or (answer.best_trial_number,)
    what = f"{trial_words(numbers)} of {settings.study_name!r}"
    if records.kept_artifacts("weights") and (best is None or numbers != (best.number,)):
        return StudyError(
            f"a state is kept of the best few trials, but not of {what}; keep more with "
            "keep_models"
        )
    return StudyError(
        f"a state is kept where an objective gives one, but {settings.data_source} gave none for "
        f'{what}; give its class save(self), or yield {{"valid_loss": ..., "state": ...}}'
    )
