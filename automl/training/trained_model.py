"""A trained network as people use it: tables go in, values of the target's own column come out.

What a study hands over is one network or several: of each fold one, with the preprocessing of
its own train rows, or those of several trials. They predict together, by the weighted mean of
their probabilities or values. What is predicted is what the person's column holds: 0 and 1
where it holds numbers, texts where texts.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl import randomness
from automl.data.dataset import DataDescription
from automl.data.encoders import Encoder, NewRows
from automl.data.files.prediction_files import prediction_names
from automl.data.reading_notes import ReadingNotes, refuse_unreadable
from automl.errors import ConfigError, warn_of
from automl.models.family import find_family
from automl.training import fitted_estimator
from automl.training.config import RunConfig, TrainingConfig
from automl.training.decisions import decide
from automl.training.network import errors_in_one_line, load_weights
from automl.training.predicted_table import PredictedTable, index_of, objects_of
from automl.training.predictions import Predictor, TargetScale
from automl.training.readout import Readout
from automl.training.target_transform import TargetCurve
from storage.notebook_html import described, rounded_text
from storage.records import Task
from storage.stored_values import UnfitError, fitting


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """One network: its run, the weights of its best epoch, and what its fold's data were like."""

    run: RunConfig
    weights: Mapping[str, Tensor] = field(repr=False)
    encoder: Encoder = field(repr=False)
    n_train_rows: int
    target: TargetScale  # of a regression


@dataclass(frozen=True, slots=True, eq=False)
class WeightedNetwork:
    """A network and its share of what is predicted."""

    network: TrainedNetwork
    weight: float  # above 0; those of all networks that predict together add up to 1


def weighted_mean(
    predictions: Sequence[NDArray[np.float64]], weights: Sequence[float]
) -> NDArray[np.float64]:
    """What networks predict together; weights that do not add up to 1 are divided by their sum.

    Shape:
        predictions: each (N, C) or (N,), and so is the result.
    """
    return np.asarray(np.average(predictions, axis=0, weights=weights))


@dataclass(frozen=True, eq=False, repr=False)
class TrainedModel:
    """What a study hands over: one network, or several together, with the preprocessing."""

    target: str
    task: Task
    loss: str
    classes_: NDArray[Any]  # as in scikit-learn: the order of the probabilities; () if none
    members: tuple[WeightedNetwork, ...]
    threshold: float | None = None  # the second of two classes is predicted above it; None: 0.5
    weight: str | None = None  # the column of row weights; rows to predict need none

    def module(self) -> nn.Module:
        """The network with its weights, in evaluation mode: a new `nn.Module` with each call.

        Raises:
            ConfigError: there are several; take `modules`.
        """
        if len(self.members) > 1:
            raise ConfigError(
                f"`module()` is for a model of one network, but this one has {len(self.members)}, "
                "of an ensemble or of each fold its own; take `modules`, or search with "
                "answer='single' and folds=1"
            )
        return self.modules[0]

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """The networks with their weights, in evaluation mode, in the order of `members`.

        What they put out of a regression is what they have learned: the standardized target, or
        where `target_transform` was used, that of its curve; `predict` takes it back.
        """
        return tuple(self._module(member.network) for member in self.members)

    def double(self) -> TrainedModel:
        """The same model, whose networks compute in float64, in twice the time.

        What they predict of a row then hangs on that row alone, as far as anybody sees: in float32
        products are added up in other blocks, and rounded otherwise, where other rows stand beside
        it. Networks of a person's own, whose code may name a precision, stay as they are.
        """
        members = [replace(one, network=_in_double(one.network)) for one in self.members]
        return replace(self, members=tuple(members))

    def predict(self, data: Any) -> NDArray[Any]:
        """Predict the target, in the values or the unit of its own column.

        Args:
            data: a DataFrame, a path, "sklearn:NAME", one row as a dict or a Series with its
                columns by name, several as a list of dicts, or an array; the target may be
                among the columns, and is not looked at.

        Warns:
            DataWarning: cells that are none of their column's kind count as missing.

        Raises:
            DataError: columns are missing or of another kind, or there are no rows.

        Shape:
            result: (N,).
        """
        new = self._read(data)
        warn_of(new.notes.messages)
        predicted = self._mean_prediction(new)
        if self.task == "regression":
            return predicted
        return np.asarray(self.classes_[decide(predicted, self.threshold)])

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Predict the probabilities of the classes, in the order of `classes_`.

        Raises:
            ConfigError: the study is a regression.
            DataError: as for `predict`.

        Shape:
            result: (N, C).
        """
        if self.task == "regression":
            raise ConfigError(
                f"probabilities are of classes, but {self.target!r} is a quantity; use predict"
            )
        new = self._read(data)
        warn_of(new.notes.messages)
        return self._mean_prediction(new)

    def predict_table(self, data: Any) -> PredictedTable:
        """The target, and the probability of each class, as the columns of a table.

        The target comes first, then the classes in their order; data/files/prediction_files.py
        says how they are called where names collide. `to_frame(keep=["id"])` makes a pandas table
        of it, beside columns of the rows. What could not be read of them is in its `messages`;
        `predict` warns of it.

        Raises:
            DataError: as for `predict`.
        """
        predicted = self._table(self._read(data))
        return replace(predicted, index=index_of(data), objects=objects_of(data))

    def _table(self, new: NewRows) -> PredictedTable:
        predicted = self._mean_prediction(new)
        return PredictedTable(self._columns(predicted), predicted, new.notes, new.table)

    def predict_pieces(self, data: Any) -> Iterator[PredictedTable]:
        """As `predict_table`, of rows that may be more than the memory holds, some at a time.

        The notes of each piece are those of all rows so far.

        Raises:
            DataError: as for `predict`; where later rows are damaged, or most cells of a column
                prove to be unreadable, behind some pieces.
        """
        encoders = [member.network.encoder for member in self.members]
        notes = ReadingNotes()
        for new in encoders[0].read_pieces(data, encoders[1:]):
            notes = notes.with_further(new.notes)
            yield replace(self._table(new), notes=notes)
        refuse_unreadable(notes.cells, "the rows to predict")

    def score(self, data: Any, y: Any, sample_weight: Any = None) -> float:
        """Score rows as scikit-learn does: accuracy of classes, R² of quantities.

        Whatever `metric` the study was after: `sklearn.metrics.get_scorer("roc_auc")` and the like
        score by another one.

        Args:
            data: as for `predict`.

        Raises:
            DataError: as for `predict`.

        Shape:
            y, sample_weight: (N,).
        """
        return fitted_estimator.score(self.task, y, self.predict(data), sample_weight)

    def fit(self, data: Any, y: Any = None) -> Self:
        """A trained model stays as it is; scikit-learn's tools ask for the method.

        Raises:
            ConfigError: always.
        """
        raise fitted_estimator.stays_fitted("fit")

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The columns of the table that it was trained on, without the target, (D,).

        Raises:
            AttributeError: it was trained on arrays of more than two dimensions.
        """
        names = self.members[0].network.encoder.column_names
        if not names:
            raise AttributeError("columns have names, but this model was trained on arrays")
        return np.asarray(names, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """How many columns these are."""
        return len(self.feature_names_in_)

    def __sklearn_tags__(self) -> Any:
        """What it is, for scikit-learn's tools."""
        return fitted_estimator.tags(self.task)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether it is trained: always."""
        return True

    def __sklearn_clone__(self) -> Self:
        """Refuse to make an untrained copy: there is none of a trained model."""
        raise fitted_estimator.stays_fitted("clone")

    def _columns(self, predicted: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        if self.task == "regression":
            return {self.target: predicted}
        columns = (self.classes_[decide(predicted, self.threshold)], *predicted.T)
        return dict(zip(prediction_names(self.target, self.classes_), columns, strict=True))

    def __repr__(self) -> str:
        """One line: no weights, and of many classes the first ones."""
        shown = f"target={self.target!r}, networks={len(self.members)}"
        if self.task != "regression":
            shown += f", classes_={reprlib.repr(self.classes_.tolist())}"
        if self.threshold is not None:
            shown += f", threshold={self.threshold:.4g}"
        return f"TrainedModel({shown})"

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        rows = [("task", self.task), ("networks", str(len(self.members)))]
        if self.task != "regression":
            rows.append(("classes", reprlib.repr(self.classes_.tolist())))
        if self.threshold is not None:
            rows.append(("threshold", rounded_text(self.threshold)))
        return described(f"Trained model of {self.target}", rows)

    def _read(self, data: Any) -> NewRows:
        encoders = [member.network.encoder for member in self.members]
        return encoders[0].read(data, encoders[1:])

    def _mean_prediction(self, new: NewRows) -> NDArray[np.float64]:
        predictions = [
            self._prediction(member.network, predictor, new)
            for member, predictor in zip(self.members, self._predictors, strict=True)
        ]
        return weighted_mean(predictions, [one.weight for one in self.members])

    @cached_property
    def _predictors(self) -> tuple[Predictor, ...]:
        """The networks in the order of `members`, each built once."""
        networks = [member.network for member in self.members]
        return tuple(
            Predictor(one.run, one.weights, self._description(one), one.target) for one in networks
        )

    def _prediction(
        self, network: TrainedNetwork, predictor: Predictor, new: NewRows
    ) -> NDArray[np.float64]:
        with errors_in_one_line(network.run):
            predicted = predictor.predict(network.encoder.inputs(new.rows), new.first_row)
        return predicted.double().numpy()

    def _module(self, network: TrainedNetwork) -> nn.Module:
        family = find_family(network.run.family)
        with errors_in_one_line(network.run), randomness.seeded(0):  # nobody else's state moves
            module = family.build(network.run.model, self._description(network))
        load_weights(module, network.weights)
        return module.eval()

    def _description(self, network: TrainedNetwork) -> DataDescription:
        """What a network of it was built for."""
        n_classes = max(len(self.classes_), 1)
        return DataDescription(
            self.task, n_classes, network.n_train_rows, network.encoder.encoding
        )


def _in_double(network: TrainedNetwork) -> TrainedNetwork:
    if not find_family(network.run.family).is_trusted:
        return network
    weights = {
        name: values.double() if values.is_floating_point() else values
        for name, values in network.weights.items()
    }
    return replace(network, weights=weights)


def run_from_details(details: Mapping[str, Any]) -> RunConfig:
    """Read back the `RunConfig` that was stored as plain values beside its weights.

    Raises:
        UnfitError: a value is not of its type.
        ConfigError: there is no such family.
    """
    run = fitting(details.get("run"), Mapping[str, Any])
    whole = {name: fitting(run.get(name), int) for name in _WHOLE_NUMBERS}
    family = fitting(run.get("family"), str)
    return RunConfig(
        **whole,
        family=family,
        model=fitting(run.get("model"), find_family(family).config_class),
        training=fitting(run.get("training"), TrainingConfig),
        rows=None,  # kept models were trained on all rows
    )


_WHOLE_NUMBERS = ("run_id", "trial_number", "seed", "fold")


def network_from_arrays(
    run: RunConfig,
    arrays: Mapping[str, NDArray[Any]],
    details: Mapping[str, Any],
    encoder: Encoder,
) -> TrainedNetwork:
    """Put a network together from what was stored of it.

    Raises:
        UnfitError: what it says of the target is not of its type.
    """
    return TrainedNetwork(
        run=run,
        weights=to_tensors(arrays),
        encoder=encoder,
        n_train_rows=int(details["n_train_rows"]),
        target=TargetScale(
            float(details["target_mean"]),
            float(details["target_scale"]),
            Readout(
                _curve(details.get("target_curve")),
                fitting(details.get("prediction_range"), tuple[float, float] | None),
            ),
        ),
    )


def _curve(stored: Any) -> TargetCurve | None:
    """The curve that a network's targets went through, as it was stored."""
    curve: TargetCurve | None = fitting(stored, TargetCurve | None)
    if curve is not None and not curve.is_rising:
        raise UnfitError("a target's curve must rise from knot to knot")
    return curve


def to_tensors(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Weights as networks take them."""
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
