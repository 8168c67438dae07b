"""Changes of a search space as Python code gives them: a mapping, or texts as they are typed.

    {"activation": "sigmoid",            one value
     "n_layers": [4, 8],                 choices
     "learning_rate": (1e-4, 1e-2)}      a range, its ends included

become `activation=sigmoid`, `n_layers=4,8` and `learning_rate=0.0001..0.01`: what is stored and
compared is what the command line has; a scalar of NumPy is the number that it is printed as.
What a hyperparameter can take is decided where it is known (`search_spaces/narrowing.py`). A
range has two numbers, as bounds of SciPy have; a mapping with "low" and "high" is one too, as in
the spaces of `automl.tune`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from numbers import Integral, Real
from typing import Any

from automl.options.values import TEXTS, Rule, Unfit, items_of
from automl.options.written_values import shown


def _convert(value: Any) -> tuple[str, ...]:
    if not isinstance(value, Mapping):
        return tuple(TEXTS.convert(value))
    return tuple(f"{_name(name)}={_written(name, one)}" for name, one in value.items())


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name or "=" in name:
        raise Unfit(f"{shown(name)} is no name of a hyperparameter")
    return name


def _written(name: str, value: Any) -> str:
    """A value, choices or a range as they are typed behind `name=`."""
    value = _plain(value)
    if isinstance(value, str):
        return _filled(name, value)  # "1e-4..1e-2" and "relu,tanh" too
    if value is None or isinstance(value, Real):
        return _one(name, value)
    if isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value)):
        return "..".join(_one(name, end) for end in value)
    if isinstance(value, Mapping) and set(value) == {"low", "high"}:
        return _written(name, (value["low"], value["high"]))
    try:
        items = [] if isinstance(value, tuple | Set | range | Mapping) else items_of(value)
    except Unfit:
        items = []
    if not items:
        raise Unfit(
            f"for {name} write one value, [4, 8] for choices or (4, 8) for a range, but not "
            f"{shown(value)}"
        )
    return ",".join(_one(name, item) for item in items)


def _one(name: str, value: Any) -> str:
    value = _plain(value)
    if value is None:
        return "none"
    if _is_number(value):
        if math.isnan(value):
            raise Unfit(f"a value of {name} must be a number or a text, but is nan; leave it out")
        return str(int(value)) if isinstance(value, Integral) else repr(float(value))
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or "," in value or ".." in value:
        raise Unfit(f"{shown(value)} is no one value of {name}")
    return _filled(name, value)


def _plain(value: Any) -> Any:
    """A scalar of NumPy as one of Python: 0.1 of 32 bits is 0.1, not 0.10000000149011612."""
    if type(value).__module__ != "numpy":  # who has one has imported it
        return value
    import numpy as np

    if isinstance(value, np.floating):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value


def _filled(name: str, text: str) -> str:
    if not text.strip():
        raise Unfit(f"a value of {name} must not be empty, but is {text!r}; leave it out")
    return text


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


ASSIGNMENTS = Rule(
    "a mapping such as {'activation': 'relu'}, or a list of texts such as ['activation=relu']",
    _convert,
    absent=(),
)
