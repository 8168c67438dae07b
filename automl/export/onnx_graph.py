"""A graph of ONNX, node by node: what is added returns the name of its output.

Only operators of ONNX 1.17 (opset 21, ai.onnx.ml 4) are written, which onnxruntime 1.20 knows.
Names inside of the graph begin with a sign of their own, so that no column has one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET: Final = 21
ML_OPSET: Final = 4
IR_VERSION: Final = 10

INNER: Final = "\u2022"
"""What the names of values inside of the graph begin with."""


class Graph:
    """The nodes, constants, inputs and outputs of a graph that is being made."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[tuple[Any, ...], Any] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output, and return that output's name."""
        return self.add_several(operator, *inputs, n_outputs=1, domain=domain, **attributes)[0]

    def add_several(
        self, operator: str, *inputs: str, n_outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node, and return the names of its outputs."""
        number = len(self._nodes)
        names = [f"{INNER}{operator} {number}.{place}" for place in range(n_outputs)]
        self._nodes.append(
            helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        )
        return names

    def constant(self, value: ArrayLike, dtype: Any = None) -> str:
        """A tensor that is a part of the graph; the same one twice is kept once."""
        array = np.asarray(value, dtype=dtype)
        if array.dtype.kind in "US":
            array = array.astype(object)
        content = tuple(array.ravel()) if array.dtype == object else array.tobytes()
        key = (str(array.dtype), array.shape, content)
        if key not in self._constants:
            name = f"{INNER}constant {len(self._constants)}"
            self._constants[key] = numpy_helper.from_array(array, name)
        return str(self._constants[key].name)

    def take(self, name: str, kind: int) -> str:
        """A raw column, (N, 1)."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["rows", 1]))
        return name

    def give(self, value: str, name: str, kind: int, shape: Sequence[Any]) -> None:
        """Let a value be an output of the graph."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def model(self, name: str, facts: dict[str, str]) -> Any:
        """The whole, checked by ONNX itself.

        Args:
            facts: texts that go with it, by name.
        """
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, list(self._constants.values())
        )
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(
            graph, opset_imports=sets, ir_version=IR_VERSION, producer_name="automl-torch"
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model

    # What is made of several nodes

    def cast(self, value: str, kind: int) -> str:
        """A value in another type."""
        return self.add("Cast", value, to=kind)

    def floats(self, value: str) -> str:
        """A value in float32."""
        return self.cast(value, TensorProto.FLOAT)

    def chosen(self, condition: str, yes: str, no: str) -> str:
        """One of two values, place by place."""
        return self.add("Where", condition, yes, no)

    def place_among(self, value: str, sorted_columns: NDArray[Any]) -> str:
        """How many numbers of its column are at most a value, int64 of the value's shape.

        By halving: as many steps as there are binary digits in their number.

        Shape:
            value: (N, D); sorted_columns: (Q, D), ascending along Q.
        """
        n_sorted, n_columns = sorted_columns.shape
        n_digits = max(1, int(n_sorted).bit_length())
        padded = np.full(((1 << n_digits) - 1, n_columns), np.inf, dtype=sorted_columns.dtype)
        padded[:n_sorted] = sorted_columns
        flat = self.constant(padded.T.ravel())  # one column behind the other
        starts = self.constant(np.arange(n_columns)[None, :] * len(padded), np.int64)
        zero = self.constant(0, np.int64)
        found = self.add("Mul", self.cast(value, TensorProto.INT64), zero)  # zeros, (N, D)
        for digit in reversed(range(n_digits)):
            step = self.constant(1 << digit, np.int64)
            tried = self.add("Add", found, step)
            last = self.add("Sub", tried, self.constant(1, np.int64))
            number = self.add("Gather", flat, self.add("Add", starts, last))
            is_at_most = self.add("LessOrEqual", number, value)
            found = self.chosen(is_at_most, tried, found)
        return found

    def gathered(self, columns: NDArray[Any], places: str) -> str:
        """Of each column of a constant the number at a place.

        Shape:
            columns: (Q, D); places: (N, D) int64; result: (N, D).
        """
        flat = self.constant(columns.T.ravel())
        starts = self.constant(np.arange(columns.shape[1])[None, :] * len(columns), np.int64)
        return self.add("Gather", flat, self.add("Add", starts, places))
