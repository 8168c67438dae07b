"""What is in an exported folder: its files, and the JSON that says what networks are made of.

    manifest.json                    each other file with its size and SHA-256
    config.json                      target, classes, threshold; each network's configuration
    schema.json                      what each column is, for people and for model.py
    network-0.safetensors ...        the weights of each network
    preprocessing-0.safetensors ...  what was learned of the train rows of each fold
    README.md                        the model card
    model.py, train.py ...           plain PyTorch, without this project: `standalone/`

`load_export` reads the first two and the tensors, and runs nothing that lies in the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from numpy.typing import NDArray
from torch import Tensor

from automl.data.table.inputs import table_encoding
from automl.data.targets import ClassType
from automl.models.mlp.config import MLPConfig
from automl.training.target_transform import TargetCurve
from automl.training.trained_model import TrainedModel, TrainedNetwork
from storage.artifact_formats import pack_tensors
from storage.records import Json, Task

CONFIG: Final = "config.json"
SCHEMA: Final = "schema.json"
CARD: Final = "README.md"
GRAPH: Final = "model.onnx"
PROGRAM: Final = "model.pt2"

BINS: Final = tuple(
    f"numeric_encoding.{name}" for name in ("starts", "inverse_widths", "least", "most")
)
"""Arrays beside the weights that follow from the preprocessing: model.py takes them as they are,
`load_export` makes them anew."""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """One network of an export, as config.json has it.

    Attributes:
        share: of what is predicted; those of all networks add up to 1.
        run: configuration and seed, the fields of a `RunConfig`.
        target_mean, target_scale: how outputs of a regression become values.
        prediction_range, target_curve: what outputs are taken for first, see `Readout`.
    """

    weights: str  # a file of the folder
    preprocessing: str  # likewise
    share: float
    run: Mapping[str, Any]
    n_train_rows: int
    target_mean: float
    target_scale: float
    prediction_range: tuple[float, float] | None = None
    target_curve: TargetCurve | None = None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What is predicted, and by which networks: all of config.json."""

    target: str
    task: Task
    loss: str
    class_names: tuple[str, ...]
    class_type: ClassType
    threshold: float | None
    networks: tuple[NetworkConfig, ...]
    class_weights: bool = False  # whether classes were weighed in training, for train.py
    weight: str | None = None  # the column of row weights, for train.py


def tensor_files(model: TrainedModel) -> tuple[ModelConfig, dict[str, bytes]]:
    """The configuration of a model, and the contents of the files of tensors that it names.

    Networks of one fold share their file of preprocessing.
    """
    files: dict[str, bytes] = {}
    encoders: dict[int, str] = {}
    networks = []
    for place, member in enumerate(model.members):
        network = member.network
        of_fold = encoders.setdefault(
            id(network.encoder), f"preprocessing-{len(encoders)}.safetensors"
        )
        if of_fold not in files:
            arrays, state = network.encoder.to_state()
            files[of_fold] = pack_tensors(arrays, {**state, "kind": network.encoder.kind})
        own = f"network-{place}.safetensors"
        files[own] = pack_tensors({**network.weights, **_bins(network)}, {})
        networks.append(_network_config(network, member.weight, own, of_fold))
    names, class_type = class_texts(model.classes_)
    config = ModelConfig(
        model.target,
        model.task,
        model.loss,
        names,
        class_type,
        model.threshold,
        tuple(networks),
        weight=model.weight,
    )
    return config, files


def _bins(network: TrainedNetwork) -> dict[str, Tensor]:
    """The bins of numbers that are encoded piecewise linearly: see `BINS`."""
    config, encoding = network.run.model, network.encoder.encoding
    is_binned = isinstance(config, MLPConfig) and config.numeric_encoding == "piecewise_linear"
    if not is_binned or not encoding.n_numbers:
        return {}
    bins = table_encoding(encoding).bins(config.scaling, config.n_bins)
    values = (bins.finite_starts, bins.inverse_widths, *bins.limits_of_shares)
    dtype = next(each.dtype for each in network.weights.values() if each.is_floating_point())
    return {name: each.to(dtype) for name, each in zip(BINS, values, strict=True)}


def _network_config(
    network: TrainedNetwork, share: float, weights: str, preprocessing: str
) -> NetworkConfig:
    target = network.target
    return NetworkConfig(
        weights=weights,
        preprocessing=preprocessing,
        share=share,
        run={name: value for name, value in asdict(network.run).items() if name != "limits"},
        n_train_rows=network.n_train_rows,
        target_mean=target.mean,
        target_scale=target.scale,
        prediction_range=target.readout.within,
        target_curve=target.readout.curve,
    )


def class_texts(classes: Sequence[Any] | NDArray[Any]) -> tuple[tuple[str, ...], ClassType]:
    """Classes as texts and what they are: the inverse of `class_values`."""
    values = list(classes)
    kinds = {bool: "boolean", int: "integer", float: "number"}
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    found = {kinds.get(type(value), "text") for value in plain}
    for kind in ("boolean", "integer", "number"):
        if found == {kind}:
            return tuple(str(value) for value in plain), kind
    return tuple(str(value) for value in plain), "text"


def json_text(value: Any) -> bytes:
    """JSON that a person can read; numbers come back as they were.

    Raises:
        ValueError: a number in it is not finite.
    """
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def plain(config: ModelConfig) -> dict[str, Json]:
    """The configuration as plain values."""
    return asdict(config)
