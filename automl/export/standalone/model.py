"""The exported model in plain PyTorch: raw rows in, predictions out.

    python model.py rows.csv > predictions.csv

    from model import Model
    model = Model.load()                 # the folder that this file lies in
    model.predict(frame)                 # a pandas DataFrame, or a path
    model.predict_proba(frame)           # of classes, in the order of model.classes
    model.networks                       # each an nn.Module

schema.json says how cells are read (`table_rows.py` does), preprocessing-*.safetensors what was
learned of the train rows (`preprocessing.py`), config.json which networks there are,
network-*.safetensors their weights. Nothing but torch, NumPy, pandas and safetensors is needed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

HERE = Path(__file__).resolve().parent
ROWS_AT_ONCE = 2048  # per forward pass


def beside(name: str) -> ModuleType:
    """Load a module that lies beside this one, whatever the path of imports is."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table_rows = beside("table_rows")
preprocessing = beside("preprocessing")


class NumericEncoding(nn.Module):
    """Each of n numbers becomes S: (B, n) -> (B, n x S), by parameters of its own.

    piecewise_linear: x w + b + sum_t e_t(x) W_t, where e_t is the share of bin t below x; the
    first and the last bin go on outside (Gorishniy et al. 2022, arXiv 2203.05556).
    periodic: W cos(2 pi f x + phase) + b, and x itself (Holzmüller et al. 2024, arXiv 2407.04491).
    """

    def __init__(self, config: Mapping[str, Any], n_numbers: int) -> None:
        super().__init__()
        self.is_periodic = config["numeric_encoding"] == "periodic"
        n, size = n_numbers, config["encoding_size"]
        if self.is_periodic:
            parts = config["n_frequencies"]
            self.frequencies = nn.Parameter(torch.empty(n, parts))
            self.weight = nn.Parameter(torch.empty(n, parts, size - 1))
            self.bias_phases = nn.Parameter(torch.empty(n, parts))
            self.bias = nn.Parameter(torch.empty(n, size - 1))
            return
        parts = config["n_bins"]
        self.weight = nn.Parameter(torch.empty(n, parts, size))
        self.linear_weight = nn.Parameter(torch.empty(n, size))
        self.bias = nn.Parameter(torch.empty(n, size))
        for name in ("starts", "inverse_widths", "least", "most"):
            self.register_buffer(name, torch.empty(n, parts))

    starts: Tensor
    inverse_widths: Tensor
    least: Tensor
    most: Tensor

    def forward(self, numbers: Tensor) -> Tensor:
        """Encode numbers."""
        x = numbers[:, :, None]
        if self.is_periodic:
            waves = torch.cos(2 * math.pi * self.frequencies * x + self.bias_phases)
            encoded = torch.einsum("bnf,nfs->bns", waves, self.weight) + self.bias
            return torch.cat([encoded, x], dim=-1).flatten(1)
        shares = ((x - self.starts) * self.inverse_widths).clamp(self.least, self.most)
        encoded = torch.einsum("bnt,nts->bns", shares, self.weight)
        return (encoded + x * self.linear_weight + self.bias).flatten(1)


class HiddenLayer(nn.Module):
    """Linear map, normalization, activation, dropout; where it skips, its inputs are added."""

    def __init__(self, n_in: int, n_out: int, config: Mapping[str, Any], *, skips: bool) -> None:
        super().__init__()
        self.skips = skips
        self.activation = config["activation"]
        self.dropout: float = config["dropout"]
        n_linear = 2 * n_out if self.activation == "maxout" else n_out
        kind = config["normalization"]
        self.linear = nn.Linear(n_in, n_linear, bias=kind != "batch_norm")
        kinds = {"batch_norm": nn.BatchNorm1d, "layer_norm": nn.LayerNorm}
        self.normalization = kinds[kind](n_linear) if kind in kinds else None
        is_prelu = self.activation == "prelu"
        self.slope = nn.Parameter(torch.full((1,), 0.25)) if is_prelu else None
        mixes = config["activation_mixing"] == "learned" and self.activation != "maxout"
        self.mixing = nn.Parameter(torch.ones(n_out)) if mixes and not is_prelu else None

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, n_in) -> (B, n_out)."""
        values = self.linear(inputs)
        if self.normalization is not None:
            values = self.normalization(values)
        activated = self._activated(values)
        if self.mixing is not None:  # x + a (act(x) - x)
            activated = values + self.mixing * (activated - values)
        outputs = functional.dropout(activated, self.dropout, self.training)
        return outputs + inputs if self.skips else outputs

    def _activated(self, values: Tensor) -> Tensor:
        if self.slope is not None:
            return functional.prelu(values, self.slope)
        if self.activation == "maxout":  # the larger of two pieces
            return torch.maximum(*values.chunk(2, dim=-1))
        known = torch if hasattr(torch, self.activation) else functional
        activated: Tensor = getattr(known, self.activation)(values)
        return activated


class Members(nn.Module):
    """Factors of the inputs, of each of k members that share all layers but the last.

    Source: TabM-mini, Gorishniy et al. 2024, arXiv 2410.24210.
    """

    def __init__(self, n_members: int, n_inputs: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_members * n_inputs))


class Network(nn.Module):
    """A multilayer perceptron with its input scaling, as config.json describes it.

    Shape: numbers (B, D); codes (B, E) int64 of categories; result (B, C) logits of classes, or
    (B, 1): the logit of the second of two classes, or what was learned of a quantity. In training
    mode k members give (k x B, C), behind one another.
    """

    input_shift: Tensor
    input_scale: Tensor

    def __init__(self, config: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        super().__init__()
        self.config, self.data = config, data
        self.input_dropout: float = config["input_dropout"]
        self.limit: float | None = data["limits"][config["scaling"]]
        n_features, n_numbers = data["n_features"], data["n_numbers"]
        self.register_buffer("input_shift", torch.zeros(n_features))
        self.register_buffer("input_scale", torch.ones(n_features))
        widths = [_embedding_width(config, codes) for codes in data["cardinalities"]]
        self.embeddings = nn.ModuleList(map(nn.Embedding, data["cardinalities"], widths))
        encodes = config["numeric_encoding"] != "none" and n_numbers > 0
        self.n_encoded = n_numbers if encodes else 0
        self.numeric_encoding = NumericEncoding(config, n_numbers) if encodes else None
        n_inputs = n_features + self.n_encoded * (config["encoding_size"] - 1) + sum(widths)
        is_learned = config["input_scaling"] == "learned"
        self.input_gain = nn.Parameter(torch.ones(n_inputs)) if is_learned else None
        sizes = [n_inputs, *hidden_sizes(config)]
        residual = config["residual"] == "every_layer"
        self.hidden = nn.ModuleList(
            HiddenLayer(n_in, n_out, config, skips=residual and place > 0 and n_in == n_out)
            for place, (n_in, n_out) in enumerate(itertools.pairwise(sizes))
        )
        k = config["n_members"]
        self.output = nn.Linear(sizes[-1], k * data["n_outputs"])
        self.members = Members(k, n_inputs) if k > 1 else None

    def encode(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """What the first layer reads, or each member's factors multiply."""
        values = (numbers - self.input_shift) * self.input_scale
        if self.limit is not None:  # the smooth clip of arXiv 2407.04491
            values = values / torch.sqrt(1 + (values / self.limit).square())
        if self.numeric_encoding is not None:
            first, others = values.tensor_split([self.n_encoded], dim=-1)
            values = torch.cat([self.numeric_encoding(first), others], dim=-1)
        embedded = [table(codes[:, place]) for place, table in enumerate(self.embeddings)]
        values = torch.cat([values, *embedded], dim=-1) if embedded else values
        return values if self.input_gain is None else values * self.input_gain

    def forward(self, numbers: Tensor, codes: Tensor, own_share: float = 1.0) -> Tensor:
        """The outputs; of rows that are mixed with the next ones where own_share is not 1."""
        values = self.encode(numbers, codes)
        if own_share != 1.0:
            values = own_share * values + (1 - own_share) * values.roll(-1, 0)
        k = self.config["n_members"]
        if self.members is not None:
            values = (values * self.members.scale.view(k, 1, -1)).flatten(0, 1)
        values = functional.dropout(values, self.input_dropout, self.training)
        for layer in self.hidden:
            values = layer(values)
        if self.members is None:
            outputs: Tensor = self.output(values)
            return outputs
        heads = self.output.weight.unflatten(0, (k, -1)).mT
        bias = self.output.bias.view(k, 1, -1)
        of_members = torch.baddbmm(bias, values.unflatten(0, (k, -1)), heads)  # (k, B, C)
        return of_members.flatten(0, 1) if self.training else self._together(of_members)

    def _together(self, outputs: Tensor) -> Tensor:
        """The outputs of the members' mean prediction."""
        if self.data["task"] == "regression":
            return outputs.mean(0)
        if self.data["task"] == "binary":
            ones, zeros = functional.logsigmoid(outputs), functional.logsigmoid(-outputs)
            return ones.logsumexp(0) - zeros.logsumexp(0)
        return outputs.log_softmax(-1).logsumexp(0) - math.log(len(outputs))


def hidden_sizes(config: Mapping[str, Any]) -> list[int]:
    """Units of each hidden layer; a funnel halves, down to 8."""
    size, n_layers = config["hidden_size"], config["n_layers"]
    if config["shape"] == "constant":
        return [size] * n_layers
    return [max(min(size, 8), size >> layer) for layer in range(n_layers)]


def _embedding_width(config: Mapping[str, Any], n_codes: int) -> int:
    own: int | None = config["embedding_size"]
    return min(50, math.ceil(1.6 * math.pow(n_codes, 0.56))) if own is None else own


# The model


class Model:
    """Networks that predict together, by the weighted mean of their probabilities or values.

    Attributes:
        networks: each with its weights, in evaluation mode.
        classes: in the order of their probabilities; () of a quantity.
        threshold: above it the second of two classes is predicted; None: 0.5.
    """

    def __init__(self, folder: Path) -> None:
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
        self.schema: dict[str, Any] = json.loads((folder / "schema.json").read_bytes())
        target = self.schema["target"]
        self.target: str = target["name"]
        self.task: str = target["task"]
        self.classes: tuple[Any, ...] = tuple(target["classes"])
        self.threshold: float | None = target["threshold"]
        names = {one["preprocessing"] for one in self.config["networks"]}
        self.preprocessing = {name: preprocessing.Preprocessing(folder / name) for name in names}
        self.networks = [self._loaded(folder, one) for one in self.config["networks"]]

    @classmethod
    def load(cls, folder: str | Path = HERE) -> Model:
        """The model of an exported folder."""
        return cls(Path(folder))

    def built(self, network: Mapping[str, Any]) -> Network:
        """A network of config.json, its weights not yet set."""
        of_fold = self.preprocessing[network["preprocessing"]]
        data = of_fold.described(self.task, len(self.classes))
        return Network(network["run"]["model"], data)

    def _loaded(self, folder: Path, network: Mapping[str, Any]) -> Network:
        weights = load_file(folder / network["weights"])
        built = self.built(network)
        built.to(next(each.dtype for each in weights.values() if each.is_floating_point()))
        built.load_state_dict(weights)
        return built.eval()

    def predict(self, rows: Any) -> NDArray[Any]:
        """The target of rows, in the values or the unit of its own column, (N,)."""
        predicted = self._mean_prediction(rows)
        if self.task == "regression":
            return predicted
        codes = predicted.argmax(axis=1)
        if self.threshold is not None:
            codes = (predicted[:, 1] > self.threshold).astype(np.int64)
        kind = object if isinstance(self.classes[0], str) else None
        values: NDArray[Any] = np.asarray(self.classes, dtype=kind)
        return np.asarray(values[codes])

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """The probabilities of the classes, (N, C)."""
        if self.task == "regression":
            raise ValueError(f"probabilities are of classes, but {self.target!r} is a quantity")
        return self._mean_prediction(rows)

    def predict_table(self, rows: Any) -> pd.DataFrame:
        """The target and the probability of each class."""
        first, *others = self.schema["target"]["columns"]
        table = pd.DataFrame({first: self.predict(rows)})
        if others:
            table[others] = self.predict_proba(rows)
        return table

    def _mean_prediction(self, rows: Any) -> NDArray[np.float64]:
        typed = table_rows.read_rows(rows, self.schema)
        encoded = {name: one.encode(typed) for name, one in self.preprocessing.items()}
        members = list(zip(self.config["networks"], self.networks, strict=True))
        predictions = [
            self.predicted(one, network, encoded[one["preprocessing"]]) for one, network in members
        ]
        shares = [one["share"] for one, _ in members]
        return np.asarray(np.average(predictions, axis=0, weights=shares))

    @torch.no_grad()
    def predicted(
        self, config: Mapping[str, Any], network: Network, inputs: Any
    ) -> NDArray[np.float64]:
        """What one network predicts of encoded rows: (N, C) probabilities, or (N,) values."""
        numbers, codes = inputs.of(config["run"]["model"])
        chunks = zip(numbers.split(ROWS_AT_ONCE), codes.split(ROWS_AT_ONCE), strict=True)
        dtype = network.output.weight.dtype
        outputs = torch.cat([network(some.to(dtype), of) for some, of in chunks])
        if self.task == "regression":
            values = read_out(outputs, config) * config["target_scale"] + config["target_mean"]
            predicted = values.squeeze(-1)
        elif self.task == "binary":
            second = torch.sigmoid(outputs)
            predicted = torch.cat([1 - second, second], dim=-1)
        else:
            predicted = torch.softmax(outputs, dim=-1)
        if not predicted.isfinite().all():
            raise ValueError(
                "a row lies too far from those of training: no prediction is a number"
            )
        return np.asarray(predicted.double().numpy())


def read_out(outputs: Tensor, config: Mapping[str, Any]) -> Tensor:
    """Standardized values of a regression: back through the target's curve, held to its range."""
    curve, ends = config["target_curve"], config["prediction_range"]
    if curve is not None:
        x, y = (torch.tensor(curve[name], dtype=torch.float64) for name in ("learned", "values"))
        x, y, slopes = (each.to(outputs) for each in (x, y, y.diff() / x.diff()))
        piece = torch.searchsorted(x[1:-1].contiguous(), outputs.contiguous(), right=True)
        outputs = y[piece] + slopes[piece] * (outputs - x[piece])
    if ends is None:
        return outputs
    return torch.where(outputs.isfinite(), outputs.clamp(*ends), outputs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Predict the rows of a file, and write the predictions as CSV to stdout."""
    parser = argparse.ArgumentParser(description="Predict the rows of a table.")
    parser.add_argument("rows", help="a CSV, TSV or Parquet file with the columns of schema.json")
    given = parser.parse_args(arguments)
    model = Model.load()
    with told_in_one_line():
        table = model.predict_table(given.rows)
    table.to_csv(sys.stdout, index=False)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """End with what is wrong with a person's file as one line on stderr, and exit code 1."""
    try:
        yield
    except (ValueError, OSError) as error:
        sys.exit(f"Error: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
