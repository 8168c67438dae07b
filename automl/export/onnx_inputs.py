"""From raw columns to a network's inputs as nodes of ONNX: what `Preprocessor` does.

Numbers and dates enter as double, dates as days since 1970 in UTC, parts of days included; truth
values of 0 and 1 likewise, NaN where one is missing. Categories, and truth values in words, enter
as texts, empty where one is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from onnx import TensorProto

from automl.data.table.category_encoding import CategoryEncoding
from automl.data.table.cells import MISSING_CATEGORIES, raw_column
from automl.data.table.column_reading import is_named_mark, read_moments
from automl.data.table.columns import MISSING_CATEGORY, TRUE_FALSE, ColumnPlan
from automl.data.table.date_formats import EARLIEST, LATEST, days_since_1970
from automl.data.table.number_encoding import EDGE
from automl.data.table.number_formats import PLAIN, read_number
from automl.data.table.preprocessing import Preprocessor
from automl.export.onnx_graph import Graph

ML: Final = "ai.onnx.ml"


@dataclass(frozen=True, slots=True)
class EncodedInputs:
    """Names of values: (N, D) float32 and, where there are embeddings, (N, E) int64."""

    numeric: str
    quantile: str
    codes: tuple[str, ...]  # (N,) each


def take_columns(graph: Graph, plans: tuple[ColumnPlan, ...]) -> dict[str, str]:
    """The raw columns as inputs of the graph, by name; texts where cells are texts."""
    return {
        plan.name: graph.take(
            plan.name, TensorProto.STRING if is_text(plan) else TensorProto.DOUBLE
        )
        for plan in plans
        if not plan.dropped
    }


def is_text(plan: ColumnPlan) -> bool:
    """Whether a column enters as texts."""
    return plan.kind == "categorical" or (plan.kind == "boolean" and plan.is_true_false)


def typed_columns(
    graph: Graph, plans: tuple[ColumnPlan, ...], raw: Mapping[str, str]
) -> dict[str, str]:
    """The columns as `read_columns` gives them, (N, 1) double; of categories the texts."""
    typed: dict[str, str] = {}
    for plan in plans:
        if plan.dropped:
            continue
        column = raw[plan.name]
        if plan.kind == "date":
            parts = _date_parts(graph, _known_days(graph, column, plan))
            typed |= {
                name: parts[part]
                for name, part in zip(plan.outputs, plan.dates.parts, strict=True)
            }
        elif plan.kind == "boolean" and plan.is_true_false:
            typed[plan.name] = _truth(graph, column, plan)
        elif plan.kind == "categorical":
            typed[plan.name] = column
        else:
            typed[plan.name] = _without_marks(graph, column, plan)
    return typed


def _without_marks(graph: Graph, column: str, plan: ColumnPlan) -> str:
    """Numbers that a person has named as missing become NaN."""
    formats = (PLAIN, plan.numbers)
    numbers = {read_number(mark, one) for mark in plan.missing.named for one in formats}
    return _without(graph, column, numbers)


def _known_days(graph: Graph, days: str, plan: ColumnPlan) -> str:
    """Days so far away that they mean "never", and those that a person has named, become NaN."""
    missing = graph.constant(np.nan, np.float64)
    first, last = (
        graph.constant(end, np.float64)
        for end in days_since_1970(pd.DatetimeIndex([EARLIEST, LATEST]))
    )
    known = graph.chosen(graph.add("Less", days, first), missing, days)
    known = graph.chosen(graph.add("GreaterOrEqual", days, last), missing, known)
    marks = raw_column(pd.Series(plan.missing.named, dtype=object))
    return _without(graph, known, set(days_since_1970(read_moments(marks, plan.dates.pattern))))


def _without(graph: Graph, column: str, marks: set[float]) -> str:
    for mark in sorted(one for one in marks if np.isfinite(one)):
        is_mark = graph.add("Equal", column, graph.constant(mark, np.float64))
        column = graph.chosen(is_mark, graph.constant(np.nan, np.float64), column)
    return column


def _truth(graph: Graph, column: str, plan: ColumnPlan) -> str:
    # pandas has 1 and 0 beside gaps as floats
    words = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
    for yes, no in TRUE_FALSE.items():
        words |= {**dict.fromkeys(_cases(yes), 1.0), **dict.fromkeys(_cases(no), 0.0)}
    raw = raw_column(pd.Series(list(words), dtype="str"))
    is_missing = is_named_mark(raw, plan.missing.named, plan.numbers)
    known = {word: words[word] for word, no in zip(words, is_missing, strict=True) if not no}
    found = graph.add(
        "LabelEncoder",
        column,
        domain=ML,
        keys_strings=list(known),
        values_floats=list(known.values()),
        default_float=float("nan"),
    )
    return graph.cast(found, TensorProto.DOUBLE)


def _cases(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((word, word.upper(), word.capitalize())))


def _date_parts(graph: Graph, days: str) -> dict[str, str]:
    """Parts of dates from days since 1970, as the proleptic Gregorian calendar counts them.

    Source:
        H. Hinnant 2013, "chrono-compatible low-level date algorithms", civil_from_days.
    """

    def number(value: float) -> str:
        return graph.constant(value, np.float64)

    def add(one: str, other: float) -> str:
        return graph.add("Add", one, number(other))

    def quotient(one: str, other: float) -> str:
        return graph.add("Floor", graph.add("Div", one, number(other)))

    def rest(one: str, other: float) -> str:
        return graph.add("Sub", one, graph.add("Mul", quotient(one, other), number(other)))

    def minus(*values: str) -> str:
        first, *others = values
        for each in others:
            first = graph.add("Sub", first, each)
        return first

    def times(one: str, other: float) -> str:
        return graph.add("Mul", one, number(other))

    # A microsecond is 1.2e-11 of a day: what is added is rounding, not time.
    whole = graph.add("Floor", add(days, 1e-12))
    minutes = graph.add("Floor", add(times(minus(days, whole), 1440), 1e-7))
    of_era = rest(add(whole, 719_468), 146_097)
    years = quotient(
        minus(
            graph.add("Add", of_era, quotient(of_era, 36_524)),
            quotient(of_era, 1_460),
            quotient(of_era, 146_096),
        ),
        365,
    )
    leaps = minus(quotient(years, 4), quotient(years, 100))
    of_year = minus(of_era, times(years, 365), leaps)
    month = quotient(add(times(of_year, 5), 2), 153)  # from March on
    day = add(minus(of_year, quotient(add(times(month, 153), 2), 5)), 1)
    is_early = graph.add("Less", month, number(10))
    calendar_month = graph.chosen(is_early, add(month, 3), add(month, -9))
    return {
        "days": days,
        "month": calendar_month,
        "day": day,
        "weekday": rest(add(whole, 3), 7),  # 1970 began on a Thursday
        "hour": graph.add("Div", minutes, number(60)),
    }


def encoded_inputs(graph: Graph, table: Preprocessor, typed: Mapping[str, str]) -> EncodedInputs:
    """Nodes that encode typed columns as a fold's preprocessing does."""
    numbers = table.numbers
    names = table.number_names
    marks = []
    for name, fill in table.booleans.items():
        missing = graph.add("IsNaN", typed[name])
        filled = graph.chosen(missing, graph.constant(fill, np.float64), typed[name])
        marks.append(graph.floats(filled))
    marks += [graph.floats(graph.add("IsNaN", typed[name])) for name in table.flagged]
    plans = {plan.name: plan for plan in table.plans}
    for name, categories in table.one_hot.items():
        code = _codes(graph, typed[name], categories, plans[name])
        places = [*range(len(categories.frequent)), *([-1] if categories.rare else [])]
        if places:
            wanted = graph.constant([places], np.int64)
            marks.append(graph.floats(graph.add("Equal", code, wanted)))
    numeric, quantile = list(marks), list(marks)
    if names:
        together = _joined(graph, [typed[name] for name in names])
        missing = graph.add("IsNaN", together)
        filled = graph.chosen(missing, graph.constant(numbers.fills[None, :]), together)
        centred = graph.add("Sub", filled, graph.constant(numbers.means[None, :]))
        standardized = graph.add("Div", centred, graph.constant(numbers.deviations[None, :]))
        numeric.insert(0, graph.floats(standardized))
        quantile.insert(0, graph.floats(_normal(graph, standardized, numbers.quantiles)))
    codes = []
    for name, categories in table.embedded.items():
        code = _codes(graph, typed[name], categories, plans[name])
        counted = graph.add("Add", code, graph.constant(1, np.int64))
        codes.append(graph.add("Squeeze", counted, graph.constant([1], np.int64)))
    return EncodedInputs(_joined(graph, numeric), _joined(graph, quantile), tuple(codes))


def _joined(graph: Graph, columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else graph.add("Concat", *columns, axis=1)


def _codes(graph: Graph, column: str, categories: CategoryEncoding, plan: ColumnPlan) -> str:
    """The place of each text among the frequent categories, (N, 1) int64; -1 of others."""
    places = {name: place for place, name in enumerate(categories.frequent)}
    spelled = dict(places)
    if plan.categories.is_coded:  # 3 and 3.0 are one category
        spelled |= {f"{name}.0": place for name, place in places.items() if name.isdecimal()}
    if plan.categories.code_width:  # 2116 is 02116
        spelled |= {name.lstrip("0") or "0": place for name, place in places.items()}
    missing = places.get(MISSING_CATEGORY, -1)
    marks = [case for mark in MISSING_CATEGORIES for case in _cases(mark)]
    marks += [case for mark in plan.missing.named for case in _cases(mark)]
    spelled |= dict.fromkeys(("", *marks), missing)
    return graph.add(
        "LabelEncoder",
        column,
        domain=ML,
        keys_strings=list(spelled),
        values_int64s=list(spelled.values()),
        default_int64=-1,
    )


def _normal(graph: Graph, numbers: str, quantiles: np.ndarray[Any, Any]) -> str:
    """The rank of each number among the quantiles of its column, as a normal deviate."""

    def number(value: float) -> str:
        return graph.constant(value, np.float64)

    shares = np.repeat(np.linspace(0, 1, len(quantiles))[:, None], quantiles.shape[1], axis=1)
    above = _interpolated(graph, numbers, quantiles, shares)
    turned = graph.add("Neg", numbers)
    below = _interpolated(graph, turned, -quantiles[::-1], -shares[::-1])
    ranks = graph.add("Mul", graph.add("Sub", above, below), number(0.5))
    over = graph.add(
        "Greater", graph.add("Add", numbers, number(EDGE)), _row(graph, quantiles[-1])
    )
    under = graph.add("Less", graph.add("Sub", numbers, number(EDGE)), _row(graph, quantiles[0]))
    ranks = graph.chosen(over, number(1.0), ranks)
    ranks = graph.chosen(under, number(0.0), ranks)
    least = EDGE - np.spacing(1)
    inside = graph.add("Clip", ranks, number(least), number(1 - least))
    return normal_deviate(graph, inside)


def _row(graph: Graph, values: np.ndarray[Any, Any]) -> str:
    return graph.constant(np.ascontiguousarray(values)[None, :])


def _interpolated(graph: Graph, at: str, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> str:
    """Linear interpolation column by column, as np.interp: flat beyond the ends."""
    n_pieces = len(x) - 1
    if n_pieces == 0:
        return graph.add("Add", graph.add("Mul", at, graph.constant(0.0)), _row(graph, y[0]))
    held = graph.add("Min", graph.add("Max", at, _row(graph, x[0])), _row(graph, x[-1]))
    last = graph.add("Sub", graph.place_among(held, x), graph.constant(1, np.int64))
    piece = graph.add("Min", last, graph.constant(n_pieces - 1, np.int64))
    widths = np.diff(x, axis=0)
    slopes = np.divide(np.diff(y, axis=0), widths, out=np.zeros_like(widths), where=widths > 0)
    # Of the last piece without a width, as of equal largest values, the end counts.
    off = graph.add("Sub", held, graph.gathered(x[:-1], piece))
    inner = graph.add("Add", graph.gathered(y[:-1], piece),
                      graph.add("Mul", off, graph.gathered(slopes, piece)))  # fmt: skip
    is_end = graph.add("GreaterOrEqual", held, _row(graph, x[-1]))
    is_before = graph.add("Less", at, _row(graph, x[0]))
    inner = graph.chosen(is_end, _row(graph, y[-1]), inner)
    return graph.chosen(is_before, _row(graph, y[0]), inner)


_CENTRAL: Final = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_NEAR: Final = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR: Final = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


def normal_deviate(graph: Graph, shares: str) -> str:
    """The inverse of the normal distribution, of shares strictly between 0 and 1, in double.

    Source:
        Wichura 1988, algorithm AS 241 (PPND16), Applied Statistics 37, to about 16 digits.
    """

    def number(value: float) -> str:
        return graph.constant(value, np.float64)

    def ratio(of: tuple[tuple[float, ...], ...], at: str) -> str:
        above, below = (_polynomial(graph, one, at) for one in of)
        return graph.add("Div", above, below)

    off = graph.add("Sub", shares, number(0.5))
    square = graph.add("Sub", number(0.180625), graph.add("Mul", off, off))
    central = graph.add("Mul", off, ratio(_CENTRAL, square))
    smaller = graph.add("Min", shares, graph.add("Sub", number(1.0), shares))
    distance = graph.add("Sqrt", graph.add("Neg", graph.add("Log", smaller)))
    near = ratio(_NEAR, graph.add("Sub", distance, number(1.6)))
    far = ratio(_FAR, graph.add("Sub", distance, number(5.0)))
    tail = graph.chosen(graph.add("LessOrEqual", distance, number(5.0)), near, far)
    signed = graph.chosen(graph.add("Less", off, number(0.0)), graph.add("Neg", tail), tail)
    is_central = graph.add("LessOrEqual", graph.add("Abs", off), number(0.425))
    return graph.chosen(is_central, central, signed)


def _polynomial(graph: Graph, coefficients: tuple[float, ...], at: str) -> str:
    """By Horner's rule, the highest power first."""
    first, second, *others = (graph.constant(one, np.float64) for one in coefficients)
    value = graph.add("Add", graph.add("Mul", first, at), second)
    for coefficient in others:
        value = graph.add("Add", graph.add("Mul", value, at), coefficient)
    return value
