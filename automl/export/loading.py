"""From an exported folder back to a model: arrays and JSON in, no code of the folder run.

What is read is checked on the way, see `manifest.py` and `checking.py`: a folder may come from
anywhere.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from automl.data.dataset import DataDescription
from automl.data.encoders import Encoder, encoder_class
from automl.data.targets import LOSSES, class_values
from automl.errors import ConfigError, DataError
from automl.export.checking import check_network, checked_encoder
from automl.export.contents import BINS, CONFIG, GRAPH, PROGRAM, ModelConfig, NetworkConfig
from automl.export.manifest import read_files, refused
from automl.models.family import FAMILIES
from automl.training.trained_model import (
    TrainedModel,
    TrainedNetwork,
    WeightedNetwork,
    network_from_arrays,
    run_from_details,
)
from automl.wording.option_names import named
from storage.artifact_formats import unpack_tensors
from storage.stored_values import UnfitError, fitting, parse_json


def load_export(directory: str | Path, model: Any = None) -> TrainedModel:
    """The model that `automl export` has written to a folder, to predict rows with.

    The folder's own code is not run, and nothing is unpickled: networks are built by this
    project, of the folder's arrays and JSON.

    Args:
        model: where it is a network of a person's own, "my_file.py:build" or the function, as
            for `SearchResult.best_model`.

    Raises:
        DataError: there is no export, it is an ONNX graph, or it was changed or damaged.
        ConfigError: it is of a network of a person's own, whose model was not given.
    """
    folder = Path(directory)
    files = read_files(folder)
    config = _config(folder, files)
    with refused(folder, CONFIG):
        words = _builders(config)
    _take_builder(words, model)
    return _model(folder, files, config)


def load_known(folder: Path) -> TrainedModel:
    """Likewise of networks whose builder is remembered, or that need none."""
    files = read_files(folder)
    return _model(folder, files, _config(folder, files))


def _config(folder: Path, files: Mapping[str, bytes]) -> ModelConfig:
    if GRAPH in files:
        raise DataError(
            f"this reads exports of the format folder, but {str(folder)!r} holds an ONNX graph, "
            "which onnxruntime runs, as its README.md says; for this export the study again with "
            f"{named('format', 'folder')}"
        )
    if PROGRAM in files:
        raise DataError(
            f"this reads exports of the format folder, but {str(folder)!r} holds a torch program, "
            "which torch.export.load reads, as its README.md says; for this export the study "
            f"again with {named('format', 'folder')}"
        )
    with refused(folder, CONFIG):
        config: ModelConfig = fitting(parse_json(_file(files, CONFIG).decode()), ModelConfig)
        _check_goal(config)
    return config


def _model(folder: Path, files: Mapping[str, bytes], config: ModelConfig) -> TrainedModel:
    encoder = functools.cache(functools.partial(_encoder, folder, files))
    return TrainedModel(
        target=config.target,
        task=config.task,
        loss=config.loss,
        classes_=class_values(config.class_names, config.class_type),
        members=tuple(
            WeightedNetwork(_network(folder, files, config, one, encoder), one.share)
            for one in config.networks
        ),
        threshold=config.threshold,
        weight=config.weight,
    )


def _check_goal(config: ModelConfig) -> None:
    """Classes, shares and threshold are what they can be."""
    n_classes = len(config.class_names)
    fits = {"binary": n_classes == 2, "multiclass": n_classes >= 2, "regression": n_classes == 0}
    if not fits.get(config.task, False) or len(set(config.class_names)) < n_classes:
        raise UnfitError(f"{n_classes} classes are none of the task {config.task}")
    if config.loss not in LOSSES[config.task]:
        raise UnfitError(f"loss must be one of {', '.join(LOSSES[config.task])}")
    class_values(config.class_names, config.class_type)
    threshold = config.threshold
    if threshold is not None and (config.task != "binary" or not math.isfinite(threshold)):
        raise UnfitError("a threshold is a number that decides between two classes")
    shares = [one.share for one in config.networks]
    if not shares or min(shares) <= 0 or not math.isclose(sum(shares), 1.0, rel_tol=1e-6):
        raise UnfitError("the shares of its networks must be above 0 and add up to 1")
    for one in config.networks:
        ends = one.prediction_range or ()
        if not all(map(math.isfinite, (one.target_mean, one.target_scale, *ends))):
            raise UnfitError("what becomes of outputs must be finite numbers")
        if one.run.get("family") not in FAMILIES:
            raise UnfitError(f"its family must be one of {', '.join(FAMILIES)}")


def _builders(config: ModelConfig) -> set[str]:
    """The words of the functions that build networks of a person's own."""
    of_own = (one.run for one in config.networks if one.run["family"] == "own")
    return {fitting(run["model"]["model"], str) for run in of_own}


def _take_builder(words: set[str], model: Any) -> None:
    """Remember the model that a person gives for networks of their own."""
    if model is None and words:
        raise ConfigError(
            f"networks of one's own are built by their own code, here by {', '.join(words)}, "
            "which an export does not hold; give it: automl.load_export(..., model=...)"
        )
    if model is not None and not words:
        raise ConfigError("a model is for an export of a network of your own; leave it out here")
    if words:
        from automl.models.own.builders import remember
        from automl.models.own.reference import reference_of

        for one in words:
            remember(reference_of(model), one)


def _encoder(folder: Path, files: Mapping[str, bytes], name: str) -> Encoder:
    with refused(folder, name):
        arrays, state = unpack_tensors(_file(files, name))
        checked = checked_encoder(arrays, state)
        return checked or encoder_class("array").from_state(arrays, state)


def _network(
    folder: Path,
    files: Mapping[str, bytes],
    model: ModelConfig,
    config: NetworkConfig,
    encoder: Callable[[str], Encoder],
) -> TrainedNetwork:
    with refused(folder, CONFIG):
        run = run_from_details({"run": config.run})
        _file(files, config.preprocessing)
    of_fold = encoder(config.preprocessing)
    with refused(folder, config.weights):
        kept = unpack_tensors(_file(files, config.weights))[0]
        arrays = {name: array for name, array in kept.items() if name not in BINS}
        if run.family == "mlp":
            data = DataDescription(
                model.task,
                max(1, len(model.class_names)),
                config.n_train_rows,
                of_fold.encoding,
            )
            check_network(run.model, data, arrays)
        return network_from_arrays(run, arrays, asdict(config), of_fold)


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise UnfitError(f"it names {name[:80]!r}, which is none of the folder's files")
    return files[name]
