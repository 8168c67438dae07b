"""Train the exported configuration again, on a table with the target, in plain PyTorch.

    python train.py ../table.csv --out ../retrained

Each network of config.json is trained anew from fresh weights, with the same architecture,
optimizer, schedule and regularization. What was learned of columns and target before (medians,
scales, categories, the target's unit) stays as it was exported. A fifth of the rows, drawn by the
seed, says which epoch is the best; its weights are kept. The folder that is written is a model
like this one: its model.py predicts with the new weights.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import importlib.util
import json
import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.distributions import Beta

HERE = Path(__file__).resolve().parent
VALID_SHARE = 0.2
STALE = (
    "> **Trained again.** The weights of this folder come from train.py, by seed {}. What is said "
    "below of scores, intervals and verdict is of the networks that were exported first.\n\n"
)


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


model, first_weights, updates = map(_beside, ("model", "first_weights", "updates"))


class Rows(NamedTuple):
    """Rows as a network is called with them; targets: class codes, or standardized values.

    Weights are 1 where the search had none.
    """

    numbers: Tensor
    codes: Tensor
    targets: Tensor
    weights: Tensor

    def at(self, places: Tensor) -> Rows:
        """Some of them."""
        return Rows(*(each[places] for each in self))

    def scaled(self) -> Rows:
        """With weights of mean 1."""
        return self._replace(weights=self.weights / self.weights.mean())


def read_targets(cells: pd.Series[Any], schema: Mapping[str, Any]) -> NDArray[np.float64]:
    """Class codes, or values in the target's unit; NaN where a row has none.

    Raises:
        ValueError: quantities are not written as programs do.
    """
    target, read = schema["target"], model.table_rows
    texts = pd.Series([str(cell).strip() for cell in cells], dtype=object)
    if target["task"] == "regression":
        numbers = texts.map(lambda text: read.read_number(text, read.PLAIN)).to_numpy(np.float64)
        is_known = ~texts.str.lower().isin(schema["missing_marks"]["numbers"])
        unread = texts[is_known.to_numpy() & ~np.isfinite(numbers)]
        if len(unread):
            raise ValueError(
                f"targets must be numbers such as 1250.5, or empty, but {len(unread)} of "
                f"{target['name']!r} are not, such as {unread.iloc[0]!r}"
            )
        return np.array(numbers, dtype=np.float64)  # a copy that torch may write to
    classes = target["classes"]
    is_coded = not isinstance(classes[0], str | bool)
    written = {"is_coded": is_coded, "has_points": False, "code_width": 0}
    places = {read.read_category(str(one), written): at for at, one in enumerate(classes)}
    if words := target["truth_values"]:
        known = {**words, "1": 1, "0": 0, "1.0": 1, "0.0": 0}
        places = {word: classes.index(bool(value)) for word, value in known.items()}
        texts = texts.str.lower()
    named = (read.read_category(text, written) for text in texts)
    return np.array([places.get(name, np.nan) for name in named], dtype=np.float64)


def read_weights(
    frame: pd.DataFrame,
    names: Mapping[str, Any],
    weight: str | None,
    targets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What rows weigh, (N,) float64; 1 for each where the search had no weights.

    Args:
        names: of the frame's columns, by what they are called without blanks around.
        weight: the column of weights; None: there is none.
        targets: of the rows, NaN where a row has none: nothing is asked of its weight, 0 is given.

    Raises:
        ValueError: there is no such column, or its cells are no weights.
    """
    if weight is None:
        return np.ones(len(frame))
    if weight not in names:
        raise ValueError(f"a table to train on must have the column of row weights {weight!r}")
    cells, read = frame[names[weight]], model.table_rows
    texts = [str(cell).strip() for cell in cells]
    weights = np.array([read.read_number(text, read.PLAIN) for text in texts], dtype=np.float64)
    weights[np.isnan(targets)] = 0.0
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong) or not weights.any():
        shown = f"{len(wrong)} are not, such as {texts[wrong[0]]!r}" if len(wrong) else "all are 0"
        rule = "row weights must be numbers from 0 on, written like 1.5, some above 0"
        raise ValueError(f"{rule}, but {shown}")
    return weights


def through(starts: Sequence[float], ends: Sequence[float], values: Tensor) -> Tensor:
    """A curve of straight pieces, which go on beyond the first and the last knot."""
    x, y = (torch.tensor(each, dtype=torch.float64) for each in (starts, ends))
    piece = torch.searchsorted(x[1:-1].contiguous(), values.double(), right=True)
    slopes = y.diff() / x.diff()
    reached: Tensor = y[piece] + slopes[piece] * (values.double() - x[piece])
    return reached


def batches(n_rows: int, size: int | None, generator: torch.Generator) -> Iterator[list[Tensor]]:
    """The rows of each batch, pass by pass, shuffled; a single left-over row joins the last."""
    while True:
        parts = list(torch.randperm(n_rows, generator=generator).split(size or n_rows))
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2:] = [torch.cat(parts[-2:])]
        yield parts


def epochs(
    n_rows: int, size: int | None, most_steps: int | None, generator: torch.Generator
) -> Iterator[list[Tensor]]:
    """The batches of each epoch: a pass or, of a long one, the next `most_steps` whole batches."""
    passes = batches(n_rows, size, generator)
    n_whole = n_rows // (size or n_rows)
    if most_steps is None or n_whole <= most_steps:
        yield from passes
    stream = (batch for parts in passes for batch in parts[:n_whole])
    while True:
        yield [next(stream) for _ in range(most_steps or 1)]


class Trainer:
    """Trains one network of the export."""

    def __init__(self, exported: Any, place: int, rows: Rows, seed: int) -> None:
        self.config: Mapping[str, Any] = exported.config["networks"][place]
        self.training: Mapping[str, Any] = self.config["run"]["training"]
        self.loss: str = exported.config["loss"]
        self.generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout and mixup draw from it
        order = torch.randperm(len(rows.targets), generator=self.generator)
        n_valid = max(1, round(VALID_SHARE * len(order)))
        self.valid = rows.at(order[:n_valid]).scaled()
        self.train = rows.at(order[n_valid:]).scaled()
        self.network = exported.built(self.config)
        kept = exported.networks[place].state_dict()
        fixed = [name for name, _ in self.network.named_buffers() if "normalization" not in name]
        self.network.load_state_dict({name: kept[name] for name in fixed}, strict=False)
        first_weights.initialize_(self.network, self.generator)
        if self.network.config["initialization"] == "data_driven":
            first_weights.fit_(self.network, *self.train[:2], self.generator)
        self.class_weights = None
        if exported.config.get("class_weights"):
            codes, n_classes = self.train.targets.long(), len(exported.classes)
            counts = torch.bincount(codes, self.train.weights, minlength=n_classes)
            weights = len(codes) / (int((counts > 0).sum()) * counts)
            self.class_weights = torch.where(counts > 0, weights, 1.0)

    def fit(self) -> tuple[dict[str, Tensor], float]:
        """The weights of the best epoch, and its validation loss."""
        training = self.training
        size, most_steps = training["batch_size"], training["epoch_steps"]
        best, best_loss, since, step = {}, math.inf, 0, 0
        averages = None
        name = training["optimizer"]
        optimizer = updates.make_optimizer(self.network, training, name)
        switch = None
        if training["schedule"] == "switch_to_sgd":
            switch = max(1, round(training["switch_fraction"] * training["max_epochs"]))
        all_epochs = epochs(len(self.train.targets), size, most_steps, self.generator)
        for epoch in range(1, training["max_epochs"] + 1):
            if switch is not None and epoch == switch + 1:
                optimizer = updates.make_optimizer(self.network, training, "momentum")
            parts = next(all_epochs)
            averages = self._epoch(optimizer, epoch, step, parts, averages)
            step += len(parts)
            measured = self.network
            if averages is not None:
                measured = copy.deepcopy(self.network)
                measured.load_state_dict(averages, strict=False)
            loss = self.valid_loss(measured)
            if loss < best_loss:
                since = epoch
            if loss <= best_loss:
                best = copy.deepcopy(measured.state_dict())
                best_loss = loss
            if not math.isfinite(loss) or epoch - since >= training["patience"]:
                break
        if not best:
            raise ValueError("no epoch had a finite loss: the table is another one, or too small")
        return best, best_loss

    def _epoch(
        self,
        optimizer: Any,
        epoch: int,
        step: int,
        parts: Sequence[Tensor],
        averages: dict[str, Tensor] | None,
    ) -> dict[str, Tensor] | None:
        """Train an epoch; the averages of the weights after it, where some are kept."""
        training, network = self.training, self.network
        n_total = training["max_epochs"] * len(parts)
        share_of_epoch = min((epoch - 1) / training["max_epochs"], 1.0)
        is_flat = training["regularization_schedule"] == "flat_cosine"
        regularization = updates.flat_cosine(share_of_epoch) if is_flat else 1.0
        self._regularize(optimizer, regularization)
        network.train()
        for place, rows in enumerate(parts, start=step):
            share = min(place / n_total, 1.0)
            rate = training["learning_rate"] * updates.schedule_factor(
                training["schedule"], share, training["decay_fraction"]
            )
            n_warmup = training["warmup_fraction"] * n_total
            rate *= min((place + 1) / n_warmup, 1.0) if n_warmup > 1 else 1.0
            optimizer.zero_grad()
            self._objective(self.train.at(rows)).backward()
            updates.change_(network, optimizer, training, rate)
            if training["weight_averaging"] is not None:
                averages = self._averaged(averages, place, len(parts))
        return averages

    def _regularize(self, optimizer: Any, factor: float) -> None:
        config = self.config["run"]["model"]
        for group in optimizer.param_groups:
            group["weight_decay"] = group["full_decay"] * factor
        self.network.input_dropout = config["input_dropout"] * factor
        for layer in self.network.hidden:
            layer.dropout = config["dropout"] * factor

    def _objective(self, batch: Rows) -> Tensor:
        """The loss of a batch, or of its mixture with the next rows."""
        config = self.network.config
        alpha, k = config["mixup"], config["n_members"]
        share = float(Beta(alpha, alpha).sample()) if alpha else 1.0
        outputs = self.network(batch.numbers, batch.codes, share)
        targets = batch.targets
        if self.config["target_curve"] is not None:
            curve = self.config["target_curve"]
            targets = through(curve["values"], curve["learned"], targets).float()
        smoothing = self.training["label_smoothing"]

        def of(place: int) -> Tensor:
            """The loss by the targets of the rows so many places on, with their weights."""
            own, weights = (each.roll(-place, 0).repeat(k) for each in (targets, batch.weights))
            loss: Tensor = updates.loss_of(
                self.loss, outputs, own, smoothing, self.class_weights, weights
            )
            return loss

        return of(0) if share == 1.0 else share * of(0) + (1 - share) * of(1)

    def _averaged(
        self, averages: dict[str, Tensor] | None, place: int, n_steps: int
    ) -> dict[str, Tensor]:
        """Averages of the last epochs' weights, corrected for their beginning as Adam's are."""
        rate = -1 / (self.training["weight_averaging"] * n_steps)
        weight = math.expm1(rate) / math.expm1(rate * (place + 1))
        now = self.network.state_dict()
        numbers = {name: each for name, each in now.items() if each.is_floating_point()}
        if averages is None:
            return {name: each.clone() for name, each in numbers.items()}
        fixed = ("starts", "inverse_widths", "least", "most")  # of bins; some are infinite
        for name, each in numbers.items():
            if not name.endswith(fixed):
                averages[name].lerp_(each, weight)
        return averages

    @torch.no_grad()
    def valid_loss(self, network: Any) -> float:
        """The plain loss of the validation rows, of a quantity in standardized units."""
        network.eval()
        outputs = network(self.valid.numbers, self.valid.codes)
        if network.data["task"] == "regression":
            outputs = model.read_out(outputs, self.config)
        of_rows = self.valid.weights
        return float(updates.loss_of(self.loss, outputs, self.valid.targets, of_rows=of_rows))


def rows_of(
    exported: Any,
    config: Mapping[str, Any],
    typed: Mapping[str, Any],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> Rows:
    """The rows of a table that have a target and a weight above 0, encoded for one network."""
    is_used = torch.from_numpy(~np.isnan(targets) & (weights > 0))
    encoded = exported.preprocessing[config["preprocessing"]].encode(typed)
    numbers, codes = encoded.of(config["run"]["model"])
    learned = torch.from_numpy(targets).float()
    if exported.task == "regression":
        scaled = (targets - config["target_mean"]) / config["target_scale"]
        learned = torch.from_numpy(scaled).float()
    of_rows = torch.from_numpy(weights / weights.max()).float()
    return Rows(numbers, codes, learned, of_rows).at(is_used)


def train_again(table: Path, out: Path, seed: int = 0) -> list[float]:
    """Write a folder like this one with newly trained networks; their validation losses."""
    exported = model.Model.load(HERE)
    if out.exists():
        raise FileExistsError(f"{out} exists: name another folder")
    frame = model.table_rows.read_file(table, exported.schema)
    target = exported.schema["target"]
    names = {str(name).strip(): name for name in frame.columns}
    if target["name"] not in names:
        raise ValueError(f"a table to train on must have the target {target['name']!r}")
    targets = read_targets(frame[names[target["name"]]], exported.schema)
    weights = read_weights(frame, names, exported.config.get("weight"), targets)
    n_lacking, n_used = int(np.isnan(targets).sum()), int((weights[~np.isnan(targets)] > 0).sum())
    if n_used < 10:
        raise ValueError(
            f"at least 10 rows must have a target and a weight above 0, but {n_used} do"
        )
    if n_lacking:
        print(f"{n_lacking} rows without a known target are left out", file=sys.stderr)
    typed = model.table_rows.read_rows(frame, exported.schema)
    files, losses = {}, []
    for place, config in enumerate(exported.config["networks"]):
        rows = rows_of(exported, config, typed, targets, weights)
        best, loss = Trainer(exported, place, rows, seed + place).fit()
        files[config["weights"]] = best
        losses.append(loss)
        print(f"{config['weights']}: validation loss {loss:.4g}", file=sys.stderr)
    write(out, files, seed)
    return losses


def write(out: Path, files: Mapping[str, Mapping[str, Tensor]], seed: int) -> None:
    """Copy the files that this folder's manifest names, with other weights, and name those."""
    manifest = json.loads((HERE / "manifest.json").read_bytes())
    out.mkdir(parents=True)
    for name in manifest["files"]:
        shutil.copyfile(HERE / name, out / name)
    for name, weights in files.items():
        save_file({key: each.contiguous() for key, each in weights.items()}, out / name)
    card = out / "README.md"
    said = card.read_text(encoding="utf-8")
    card.write_text(said.replace("\n# ", f"\n{STALE.format(seed)}# ", 1), encoding="utf-8")
    for name in (*files, card.name):
        content = (out / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        manifest["files"][name] = {"n_bytes": len(content), "sha256": digest}
    text = json.dumps(manifest, indent=2) + "\n"
    (out / "manifest.json").write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train again, by the command line."""
    parser = argparse.ArgumentParser(description="Train the exported configuration again.")
    parser.add_argument("table", type=Path, help="a table with the target among its columns")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    with model.told_in_one_line():
        train_again(given.table, given.out, given.seed)


if __name__ == "__main__":
    main()
