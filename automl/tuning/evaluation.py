"""The honest score: the best trial's stored weights on the test rows.

Nothing is retrained. Beside the network stand the references (guessing, a linear model, boosted
trees), on the same rows and the same bootstrap resamples, so that a person sees whether it
earned its place. With folds, the folds' networks predict test rows together, by their mean, and
so do the references. Each look at the test rows is a record; a trial that has one is not
evaluated again. A second record compares all on the validation rows, where the curves of all
trials were measured: verdicts hold them against it. Predictions are kept, so that figures need
no data.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.data.dataset import Dataset
from automl.data.references import FittedReferences
from automl.training.metrics import Resampled, resample
from automl.training.predictions import predict
from automl.training.trained_model import TrainedNetwork
from automl.tuning.keeping import kept_networks
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.records import EvaluationRecord, ReferenceName, ReferenceRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a split with all that is predicted of them.

    Shape:
        targets: (N,); network and references: (N, C) or (N,), as in `metrics.score`;
        target_scale: (N,), each row's fold's.
    """

    split: Literal["valid", "test"]
    targets: NDArray[Any]
    target_scale: Floats
    network: Floats
    references: Mapping[ReferenceName, Floats]
    unfinished: frozenset[ReferenceName]


def evaluate_best(
    store: Store,
    study_name: str,
    dataset: Dataset,
    references: Callable[[], FittedReferences],
    wanted: Set[ReferenceName] = frozenset(),
) -> EvaluationRecord | None:
    """Score the best trial on the test rows, unless it has been; None if none has completed.

    Args:
        references: gives them when they are needed.
        wanted: it is scored again if an earlier record lacks some of these, and they could be
            fitted now.
    """
    records = store.read_study(study_name)
    best = records.best_trial
    if best is None:
        return None
    earlier = records.latest_evaluation("test", best.number)
    known = {one.name for one in earlier.references} if earlier else set()
    if earlier and wanted <= known:
        return earlier
    logging.getLogger("automl").info("scoring trial %d on the test rows", best.number)
    networks = kept_networks(store, records, best.number)
    fitted = references()
    if earlier and fitted.keys() <= known:
        return earlier
    valid, test = _valid_rows(networks, dataset, fitted), _test_rows(networks, dataset, fitted)
    seed = derive_seed(records.settings.seed, "bootstrap")
    compared, scored = (_evaluation(rows, dataset, best.number, seed) for rows in (valid, test))
    with store.transaction():
        store.artifacts.save_predictions(study_name, best.number, _kept_arrays(valid, test))
        store.add_evaluation(study_name, compared)
        store.add_evaluation(study_name, scored)
    return scored


def _valid_rows(
    networks: Sequence[TrainedNetwork], dataset: Dataset, references: FittedReferences
) -> _Rows:
    """Each network and reference predicts its own fold's validation rows."""
    numbers = [network.run.fold for network in networks]
    folds = [dataset.folds[number] for number in numbers]
    return _Rows(
        split="valid",
        targets=np.concatenate([fold.original_targets("valid").numpy() for fold in folds]),
        target_scale=np.concatenate(
            [np.full(len(fold.valid), fold.target_scale, dtype=np.float64) for fold in folds]
        ),
        network=np.concatenate([_prediction(one, dataset, "valid") for one in networks]),
        references={
            name: np.concatenate([by_fold[number].valid.double().numpy() for number in numbers])
            for name, by_fold in references.items()
        },
        unfinished=_unfinished(references),
    )


def _test_rows(
    networks: Sequence[TrainedNetwork], dataset: Dataset, references: FittedReferences
) -> _Rows:
    """All folds' networks predict the same test rows, by their mean; so do the references."""
    fold = dataset.folds[networks[0].run.fold]
    return _Rows(
        split="test",
        targets=fold.original_targets("test").numpy(),
        target_scale=np.full(len(fold.test), fold.target_scale, dtype=np.float64),
        network=np.mean([_prediction(one, dataset, "test") for one in networks], axis=0),
        references={
            name: np.mean([of_fold.test.double().numpy() for of_fold in by_fold], axis=0)
            for name, by_fold in references.items()
        },
        unfinished=_unfinished(references),
    )


def _unfinished(references: FittedReferences) -> frozenset[ReferenceName]:
    """Those whose time was up on some fold."""
    return frozenset(
        name
        for name, by_fold in references.items()
        if not all(of_fold.is_final for of_fold in by_fold)
    )


def _evaluation(rows: _Rows, dataset: Dataset, trial_number: int, seed: int) -> EvaluationRecord:
    """Score network and references on the same resamples of the rows."""
    predictions: dict[str, ArrayLike] = {"network": rows.network}
    predictions.update(rows.references.items())
    resampled = resample(
        predictions,
        rows.targets,
        task=dataset.task,
        loss=dataset.loss,
        target_scale=rows.target_scale,
        seed=seed,
    )
    network = resampled["network"]
    return EvaluationRecord(
        trial_number=trial_number,
        split=rows.split,
        scores=network.scores,
        intervals=network.intervals,
        references=tuple(
            replace(reference_record(name, resampled), is_final=name not in rows.unfinished)
            for name in rows.references
        ),
        evaluated_at=time.time(),
    )


def reference_record(name: ReferenceName, resampled: Mapping[str, Resampled]) -> ReferenceRecord:
    """A reference beside the network and guessing, from the same resamples of the rows.

    Args:
        resampled: by the references' names; the network's by "network", where there is one.
    """
    reference, network = resampled[name], resampled.get("network")
    return ReferenceRecord(
        name=name,
        scores=reference.scores,
        intervals=reference.intervals,
        network_gains={} if network is None else network.gains(reference),
        guessing_gains={} if name == "guessing" else reference.gains(resampled["guessing"]),
    )


def _kept_arrays(valid: _Rows, test: _Rows) -> dict[str, NDArray[Any]]:
    """Predictions and targets of rows that no network was trained on."""
    return {
        "valid_predictions": valid.network,
        "valid_targets": valid.targets,
        "test_predictions": test.network,
        "test_targets": test.targets,
    }


def _prediction(
    network: TrainedNetwork, dataset: Dataset, split: Literal["valid", "test"]
) -> Floats:
    return predict(network.run, network.weights, dataset, split).double().numpy()
