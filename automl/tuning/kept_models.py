"""From files to networks: what an answer is made of, loaded to predict.

The weights of its runs are kept by `keeping.py`, with the preprocessing of each fold beside them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from automl.data.encoders import Encoder, encoder_class
from automl.data.table.columns import column_name
from automl.data.targets import class_values
from automl.errors import StudyError
from automl.training.trained_model import (
    TrainedModel,
    TrainedNetwork,
    WeightedNetwork,
    network_from_arrays,
    run_from_details,
)
from automl.wording.counts import trial_words
from automl.wording.option_names import named
from storage import Store
from storage.answers import kept_weights, trials_of
from storage.records import ArtifactRecord, StudyRecords
from storage.score_records import AnswerRecord
from storage.stored_values import damaged_in


def load_trained_model(store: Store, records: StudyRecords, answer: AnswerRecord) -> TrainedModel:
    """An answer's model, ready to predict rows."""
    settings = records.settings
    weight = settings.data_options.get("weight")
    return TrainedModel(
        target=settings.target,
        task=settings.task,
        loss=settings.loss,
        classes_=class_values(settings.class_names, settings.class_type),
        members=tuple(kept_networks(store, records, answer)),
        threshold=answer.threshold,
        weight=None if weight is None else column_name(weight),
    )


def kept_networks(
    store: Store, records: StudyRecords, answer: AnswerRecord
) -> list[WeightedNetwork]:
    """The networks of an answer with their weights in it, from their files.

    Raises:
        StudyError: the weights of a member are not kept.
        StorageError: a file is missing or altered.
    """
    weights = kept_weights(records)
    missing = [member for member in answer.members if member.run_id not in weights]
    if missing or not answer.members:
        raise _not_kept(records, answer)
    encoder = functools.cache(functools.partial(_encoder, store, records))
    return [
        WeightedNetwork(_network(store, weights[member.run_id], encoder), member.weight)
        for member in answer.members
    ]


def _network(
    store: Store, artifact: ArtifactRecord, encoder: Callable[[int], Encoder]
) -> TrainedNetwork:
    with damaged_in("automl_artifacts", "details", artifact_id=artifact.artifact_id):
        run = run_from_details(artifact.details)
    of_fold = encoder(run.fold)
    arrays = store.artifacts.load_weights(artifact)
    with damaged_in("automl_artifacts", "details", artifact_id=artifact.artifact_id):
        return network_from_arrays(run, arrays, artifact.details, of_fold)


def _encoder(store: Store, records: StudyRecords, fold: int) -> Encoder:
    kept = {one.details["fold"]: one for one in records.kept_artifacts("preprocessing")}
    if fold not in kept:
        raise StudyError(
            f"a model needs the preprocessing of its fold, but that of fold {fold} of "
            f"{records.settings.study_name!r} is not kept; the same search again makes it"
        )
    arrays, state = store.artifacts.load_preprocessing(kept[fold])
    return encoder_class(str(state["kind"])).from_state(arrays, state)


def _not_kept(records: StudyRecords, answer: AnswerRecord) -> StudyError:
    """Why there are no weights: those of the best trial are never let go for want of rank."""
    numbers = trials_of(records, answer) or (answer.best_trial_number,)
    what = f"the weights of {trial_words(numbers)} of {records.settings.study_name!r}"
    best = records.best_trial
    if best is not None and numbers == (best.number,):
        return StudyError(
            f"a model can be loaded while its weights are kept, but {what}, the best, could not "
            "be written when it was found (no space, or no folder), or were removed since; make "
            "space beside the database, then give the same search again: it trains the trial anew"
        )
    return StudyError(
        f"a trial's model can be loaded while it is among the best few, but {what} are not kept; "
        f"keep more with {named('keep_models')}"
    )
