"""A perceptron as nodes of ONNX: what `automl/models/mlp/network.py` does in evaluation mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from automl.data.table.inputs import table_encoding
from automl.export.onnx_graph import Graph
from automl.export.onnx_inputs import EncodedInputs
from automl.models.mlp.config import MLPConfig
from automl.training.trained_model import TrainedNetwork
from storage.records import Task

Arrays = Mapping[str, NDArray[Any]]

BATCH_NORM_EPSILON: Final = 1e-5  # torch's default, and layer normalization's


class PerceptronNodes:
    """Makes the nodes of one network."""

    def __init__(self, graph: Graph, network: TrainedNetwork, task: Task) -> None:
        self.graph = graph
        self.network = network
        self.task = task
        self.config: MLPConfig = network.run.model
        self.encoding = table_encoding(network.encoder.encoding)
        self.weights: Arrays = {
            name: values.detach().cpu().float().numpy()
            for name, values in network.weights.items()
            if values.is_floating_point()
        }

    def predictions(self, inputs: EncodedInputs) -> str:
        """(N, C) double probabilities, or (N, 1) double values."""
        graph = self.graph
        outputs = self._outputs(inputs)
        if self.task == "regression":
            return graph.cast(self._values(outputs), TensorProto.DOUBLE)
        if self.task == "binary":
            second = graph.add("Sigmoid", outputs)
            first = graph.add("Sub", self._number(1.0), second)
            both = graph.add("Concat", first, second, axis=1)
            return graph.cast(both, TensorProto.DOUBLE)
        return graph.cast(graph.add("Softmax", outputs, axis=-1), TensorProto.DOUBLE)

    def _outputs(self, inputs: EncodedInputs) -> str:
        """(N, C) in float32, what the network puts out."""
        graph, config = self.graph, self.config
        values = self._encoded(inputs)
        k = config.n_members
        if k > 1:  # (N, D) -> (k, N, D)
            values = graph.add("Mul", values, self._array("members.scale", (k, 1, -1)))
        for layer in range(config.n_layers):
            values = self._hidden(layer, values)
        if k == 1:
            return self._linear("output", values)
        heads = self.weights["output.weight"].reshape(
            k, -1, self.weights["output.weight"].shape[1]
        )
        product = graph.add("MatMul", values, graph.constant(heads.swapaxes(1, 2)))
        return self._together(graph.add("Add", product, self._array("output.bias", (k, 1, -1))))

    def _encoded(self, inputs: EncodedInputs) -> str:
        """Scaled columns, encoded or not, embeddings; their factors."""
        graph, config = self.graph, self.config
        values = inputs.quantile if config.scaling == "quantile" else inputs.numeric
        values = graph.add("Sub", values, self._array("input_shift"))
        values = graph.add("Mul", values, self._array("input_scale"))
        limit = self.encoding.scalings[config.scaling].limit
        if limit is not None:
            share = graph.add("Div", values, self._number(limit))
            wide = graph.add("Add", graph.add("Mul", share, share), self._number(1.0))
            values = graph.add("Div", values, graph.add("Sqrt", wide))
        n_numbers = self.encoding.n_numbers
        if config.numeric_encoding != "none" and n_numbers:
            parts = graph.constant([n_numbers, self.encoding.n_features - n_numbers], np.int64)
            numbers, rest = graph.add_several("Split", values, parts, n_outputs=2, axis=1)
            values = graph.add("Concat", self._encoded_numbers(numbers), rest, axis=1)
        tables = [
            graph.add("Gather", self._array(f"embeddings.{place}.weight"), code)
            for place, code in enumerate(inputs.codes)
        ]
        if tables:
            values = graph.add("Concat", values, *tables, axis=1)
        if "input_gain" in self.weights:
            values = graph.add("Mul", values, self._array("input_gain"))
        return values

    def _encoded_numbers(self, numbers: str) -> str:
        """(N, n) -> (N, n x S)."""
        graph = self.graph
        x = graph.add("Unsqueeze", numbers, graph.constant([2], np.int64))

        def own(name: str) -> str:
            return self._array(f"numeric_encoding.{name}")

        if self.config.numeric_encoding == "periodic":
            turns = self.weights["numeric_encoding.frequencies"] * np.float32(2 * math.pi)
            angle = graph.add("Mul", graph.constant(turns), x)
            waves = graph.add("Cos", graph.add("Add", angle, own("bias_phases")))
            mixed = graph.add("Einsum", waves, own("weight"), equation="bnf,nfs->bns")
            encoded = graph.add("Concat", graph.add("Add", mixed, own("bias")), x, axis=2)
        else:
            bins = self.encoding.bins(self.config.scaling, self.config.n_bins)
            least, most = (graph.constant(each.numpy()) for each in bins.limits_of_shares)
            off = graph.add("Sub", x, graph.constant(bins.finite_starts.numpy()))
            shares = graph.add("Mul", off, graph.constant(bins.inverse_widths.numpy()))
            held = graph.add("Min", graph.add("Max", shares, least), most)
            mixed = graph.add("Einsum", held, own("weight"), equation="bnt,nts->bns")
            straight = graph.add("Mul", x, own("linear_weight"))
            encoded = graph.add("Add", graph.add("Add", mixed, straight), own("bias"))
        return graph.add("Flatten", encoded, axis=1)

    def _hidden(self, layer: int, inputs: str) -> str:
        graph, config = self.graph, self.config
        prefix = f"hidden.{layer}"
        values = self._linear(f"{prefix}.linear", inputs)
        values = self._normalized(f"{prefix}.normalization", values)
        if config.activation == "prelu":
            slope = self._array(f"{prefix}.slope")
            activated = graph.add("PRelu", values, slope)
        else:
            activated = ACTIVATIONS[config.activation](graph, values)
        if config.mixes:
            difference = graph.add("Sub", activated, values)
            share = graph.add("Mul", self._array(f"{prefix}.mixing"), difference)
            activated = graph.add("Add", values, share)
        return graph.add("Add", activated, inputs) if config.skips(layer) else activated

    def _linear(self, name: str, values: str) -> str:
        product = self.graph.add(
            "MatMul", values, self.graph.constant(self.weights[f"{name}.weight"].T)
        )
        if f"{name}.bias" not in self.weights:
            return product
        return self.graph.add("Add", product, self._array(f"{name}.bias"))

    def _normalized(self, name: str, values: str) -> str:
        graph = self.graph
        if self.config.normalization == "layer_norm":
            gain, bias = self._array(f"{name}.weight"), self._array(f"{name}.bias")
            return graph.add(
                "LayerNormalization", values, gain, bias, axis=-1, epsilon=BATCH_NORM_EPSILON
            )
        if self.config.normalization != "batch_norm":
            return values
        of = {
            part: self.weights[f"{name}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        scale = of["weight"] / np.sqrt(of["running_var"] + BATCH_NORM_EPSILON)
        shift = of["bias"] - of["running_mean"] * scale
        scaled = graph.add("Mul", values, graph.constant(scale, np.float32))
        return graph.add("Add", scaled, graph.constant(shift, np.float32))

    def _together(self, outputs: str) -> str:
        """The outputs of the members' mean prediction: (k, N, C) -> (N, C)."""
        graph = self.graph
        first = graph.constant([0], np.int64)
        if self.task == "regression":
            return graph.add("ReduceMean", outputs, first, keepdims=0)
        if self.task == "multiclass":
            logs = graph.add("LogSoftmax", outputs, axis=-1)
            total = graph.add("ReduceLogSumExp", logs, first, keepdims=0)
            return graph.add("Sub", total, self._number(math.log(self.config.n_members)))
        turned = graph.add("Neg", outputs)
        ones, zeros = (
            graph.add(
                "ReduceLogSumExp",
                graph.add("Neg", graph.add("Softplus", each)),
                first,
                keepdims=0,
            )
            for each in (turned, outputs)
        )
        return graph.add("Sub", ones, zeros)

    def _values(self, outputs: str) -> str:
        """Values in the target's unit, of what was learned."""
        graph, target = self.graph, self.network.target
        readout = target.readout
        if readout.curve is not None:
            pieces = readout.curve.pieces.float().numpy()
            starts, values, slopes = (each[:, None] for each in pieces)
            piece = graph.place_among(outputs, starts[1:])
            off = graph.add("Sub", outputs, graph.gathered(starts, piece))
            rise = graph.add("Mul", graph.gathered(slopes, piece), off)
            outputs = graph.add("Add", graph.gathered(values, piece), rise)
        if readout.within is not None:
            outputs = graph.add("Clip", outputs, *map(self._number, readout.within))
        scaled = graph.add("Mul", outputs, self._number(target.scale))
        return graph.add("Add", scaled, self._number(target.mean))

    def _array(self, name: str, shape: tuple[int, ...] | None = None) -> str:
        array = self.weights[name]
        return self.graph.constant(array if shape is None else array.reshape(shape))

    def _number(self, value: float) -> str:
        return self.graph.constant(value, np.float32)


def _gelu(graph: Graph, x: str) -> str:
    share = graph.add("Erf", graph.add("Mul", x, graph.constant(math.sqrt(0.5), np.float32)))
    half = graph.add("Mul", x, graph.constant(0.5, np.float32))
    return graph.add("Mul", half, graph.add("Add", share, graph.constant(1.0, np.float32)))


def _silu(graph: Graph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _mish(graph: Graph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def _maxout(graph: Graph, x: str) -> str:
    first, second = graph.add_several("Split", x, n_outputs=2, axis=-1, num_outputs=2)
    return graph.add("Max", first, second)


ACTIVATIONS: Final[Mapping[str, Callable[[Graph, str], str]]] = {
    "sigmoid": lambda graph, x: graph.add("Sigmoid", x),
    "tanh": lambda graph, x: graph.add("Tanh", x),
    "relu": lambda graph, x: graph.add("Relu", x),
    "leaky_relu": lambda graph, x: graph.add("LeakyRelu", x, alpha=0.01),
    "elu": lambda graph, x: graph.add("Elu", x, alpha=1.0),
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "selu": lambda graph, x: graph.add("Selu", x),
    "maxout": _maxout,
}
"""As in `automl/models/mlp/network.py`; prelu has a parameter, and so its own line above."""
