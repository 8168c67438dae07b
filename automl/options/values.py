"""What people give as options, made plain: numbers of NumPy, times and sizes, texts, lists.

A `Rule` turns a value into the plain Python value that is stored and compared, or says in one
line what it must be; it knows as well how the value is typed (written_values.py). Which option
has which rule is said in search_options.py. Times, sizes and large counts may be written in
Python as they are typed: `timeout="10m"`. No other rule guesses: a text where a plain number
belongs is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from automl.errors import ConfigError, did_you_mean
from automl.options.written_values import (
    amount_of,
    bytes_of,
    number_of,
    seconds_of,
    seconds_text,
    shown,
    span_text,
    whole_of,
)
from storage.records import StudyRecords

DEFAULT_STORAGE = "sqlite:///automl.db"

SKLEARN = "sklearn:"  # how the data begin that scikit-learn ships
SKLEARN_NAMES = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
SKLEARN_DATA = tuple(f"{SKLEARN}{name}" for name in SKLEARN_NAMES)
"""The data sets that scikit-learn ships, so that no network is needed."""

MOST = 2**31 - 1
"""The largest count: beyond it a number is a slip, and databases and arrays fail."""

MOST_SEED = 2**32 - 1  # what NumPy's and scikit-learn's generators take
MOST_BYTES = 2**63 - 1
MOST_SECONDS = 10**9  # 31 years


_IN_MEMORY = re.compile(r"sqlite(\+\w+)?://(/?(file:)?(:memory:)?(\?.*)?$|.*mode=memory)")
"""Spellings of an SQLite database without a file."""

_OTHER_COLLECTIONS = (bytes, bytearray, memoryview, Mapping)  # than of texts


class Unfit(Exception):
    """A value that a rule refuses; its text is the fix, if there is one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an option can be, in words; how a value becomes plain, and how it is typed."""

    words: str  # "a whole number from 1"
    convert: Callable[[Any], Any]  # raises `Unfit`
    absent: Any = ...  # what None means; `...` where it is refused
    metavar: str = "TEXT"  # what stands for a typed value: "N" in `--n-trials N`
    examples: str = ""  # how it is typed, where that is not plain
    read: Callable[[str], Any] = str  # what was typed, to be converted; raises `ConfigError`
    write: Callable[[Any], str] = str  # a plain value as it is typed

    def plain(self, name: str, value: Any) -> Any:
        """The plain value.

        Raises:
            ConfigError: the value is none that the option can have.
        """
        if value is None and self.absent is not ...:
            return self.absent
        try:
            return self.convert(value)
        except Unfit as fix:
            end = f"; {fix}" if str(fix) else ""
            raise ConfigError(
                f"{name} must be {self.words}, but got {shown(value)}{end}"
            ) from None


def whole(least: int, most: int = MOST) -> Rule:
    """A whole number; one of NumPy, and a float without a fraction, is one too."""

    def convert(value: Any) -> int:
        number = _whole(value)
        if number < least:
            raise Unfit
        if number > most:
            raise Unfit(f"the most is {most}")
        return number

    return Rule(f"a whole number from {least}", convert, metavar="N", read=whole_of)


def number(least: float, words: str, most: float = math.inf) -> Rule:
    """A finite number."""

    def convert(value: Any) -> float:
        found = _number(value)
        if not least <= found <= most:
            raise Unfit
        return found

    return Rule(words, convert, metavar="NUMBER", read=number_of, write="{:.12g}".format)


def _convert_seconds(value: Any) -> float:
    found = _number(_as_typed(seconds_of, value))
    if found < 0:
        raise Unfit
    if found > MOST_SECONDS:
        raise Unfit(f"the most is {MOST_SECONDS}")
    return found


def _convert_bytes(value: Any) -> int:
    found = _whole(_as_typed(bytes_of, value))
    if not 0 <= found <= MOST_BYTES:
        raise Unfit
    return found


def _convert_span(value: Any) -> float:
    found = _convert_seconds(value)
    if not found:
        raise Unfit
    return found


def _convert_amount(value: Any) -> int:
    return int(COUNT.convert(_as_typed(amount_of, value)))


def _convert_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Unfit
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Unfit("it holds half a character, which cannot be stored") from None
    return str(value)  # not `numpy.str_`


def _convert_memo(value: Any) -> str:
    """A text that nothing depends on; half characters, as of names of files, are escaped."""
    if not isinstance(value, str):
        raise Unfit
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _convert_database(value: Any) -> str:
    text = _convert_text(value)
    try:
        is_url = re.match(r"[\w+]+://", text) and urlsplit(text).port != 0
    except ValueError:  # a port that is no number
        is_url = False
    if not is_url:
        raise Unfit
    if _IN_MEMORY.match(text):
        raise Unfit(
            "one in memory is gone with the call, and weights need a folder beside a file; write "
            f"{DEFAULT_STORAGE}"
        )
    return text


def _convert_name(value: Any) -> str:
    """A column's name; frames may have numbers for names."""
    if isinstance(value, Integral) and abs(_whole(value)) <= MOST_BYTES:
        return str(_whole(value))
    return _convert_text(value)


def items_of(value: Any) -> list[Any]:
    """The items of a list, tuple, array, index, ...: of any collection but one text.

    Raises:
        Unfit: it is none; its text is the fix, where there is one.
    """
    if isinstance(value, str):  # a collection too, of its letters
        raise Unfit(f"write [{shown(value)}]")
    if not isinstance(value, Collection) or isinstance(value, _OTHER_COLLECTIONS):
        raise Unfit
    try:
        return list(value)
    except TypeError:  # an array without dimensions says that it is a collection
        raise Unfit from None


def _convert_texts(value: Any) -> tuple[str, ...]:
    items = items_of(value)
    for item in items:
        try:
            _convert_name(item)
        except Unfit:
            raise Unfit(f"{shown(item)} is no text") from None
    return tuple(_convert_name(item) for item in items)


def _convert_studies(value: Any) -> tuple[Any, ...]:
    """Names of studies, those typed as one text apart; or what is stored of one."""
    found: list[Any] = []
    for one in items_of(value):
        if isinstance(one, StudyRecords):
            found.append(one)
            continue
        try:
            names = [part.strip() for part in _convert_text(one).split(",")]
        except Unfit:
            raise Unfit(f"{shown(one)} is no name") from None
        if not all(names):
            raise Unfit(f"{shown(one)} has an empty name")
        found += names
    return tuple(found)


def _convert_flag(value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # that of NumPy
        return bool(value)
    raise Unfit


def _convert_space(value: Any) -> Any:
    if isinstance(value, str):
        return _convert_text(value)
    from search_spaces import SearchSpace  # loads Optuna, which no command line waits for

    if not isinstance(value, Path | SearchSpace):
        raise Unfit
    return value


def _convert_model(value: Any) -> Any:
    """What can be found there is decided where it is looked for."""
    if isinstance(value, str | Path):
        text = _convert_text(str(value))
        if re.search(r"[^:]:[^\W\d]\w*$", text) is None:
            raise Unfit("write my_file.py:build")
        return text
    if not callable(value):
        raise Unfit
    return value


def _convert_source(value: Any) -> Any:
    """Rows from a file or an object: what can be read is decided where they are read."""
    return str(value) if isinstance(value, str) else value


def optional(rule: Rule) -> Rule:
    """The same rule for an option that may be left out."""
    return replace(rule, absent=None)


def one_of(*choices: str) -> Rule:
    """One of a few texts."""

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit
        if value not in choices:
            raise Unfit(did_you_mean(value, choices).removeprefix("; ").rstrip("."))
        return str(value)

    return Rule(f"one of {', '.join(choices)}", convert, metavar=f"[{'|'.join(choices)}]")


def either(text: str, rule: Rule) -> Rule:
    """A certain text, or what the rule says."""

    def convert(value: Any) -> Any:
        return text if isinstance(value, str) and value == text else rule.convert(value)

    def read(typed: str) -> Any:
        return text if typed == text else rule.read(typed)

    words, metavar = f"{rule.words}, or {text!r}", f"{rule.metavar}|{text}"
    return Rule(words, convert, metavar=metavar, read=read, write=rule.write)


def matching(pattern: str, words: str) -> Rule:
    """A text of this form."""

    def convert(value: Any) -> str:
        text = _convert_text(value)
        if not re.fullmatch(pattern, text):
            raise Unfit
        return text

    return Rule(words, convert)


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise Unfit
    if isinstance(value, Integral):
        try:
            return int(value)
        except TypeError:  # a span of time of NumPy says that it is one
            raise Unfit from None
    found = _number(value)
    if found != math.floor(found):
        raise Unfit
    return int(found)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Unfit
    try:
        found = float(value)
    except (OverflowError, ValueError, TypeError):
        raise Unfit from None
    if not math.isfinite(found):
        raise Unfit
    return found


def _as_typed(read: Callable[[str], Any], value: Any) -> Any:
    """A value; of a text what it says, as on a command line."""
    if not isinstance(value, str):
        return value
    try:
        return read(value)
    except ConfigError:
        raise Unfit from None  # in the words of the option's rule, with its name


COUNT = whole(1)
TRIAL_NUMBER = whole(0)
SEED = whole(0, MOST_SEED)
WORKERS = either("auto", COUNT)
EPOCH_STEPS = either("full", COUNT)
SECONDS = Rule(
    "a number of seconds, or a time like '10m'",
    _convert_seconds,
    metavar="DURATION",
    examples="90s, 10m, 1h30m",
    read=seconds_of,
    write=seconds_text,
)
SPAN = replace(
    SECONDS,
    words="a number of seconds above 0, or a time like '2ms'",
    convert=_convert_span,
    examples="2ms, 500us",
    write=span_text,
)
AMOUNT = replace(
    COUNT,
    words=f"{COUNT.words}, or a text like '200k'",
    convert=_convert_amount,
    examples="200k, 1M",
    read=amount_of,
)
BYTES = Rule(
    "a whole number of bytes, or a size like '500M'",
    _convert_bytes,
    metavar="SIZE",
    examples="500M, 2G",
    read=bytes_of,
)
FLAG = Rule("True or False", _convert_flag)
TEXT = Rule("a text, and not an empty one", _convert_text)
MEMO = Rule("a text", _convert_memo)
NAME = Rule("a column's name", _convert_name, metavar="COLUMN")
TEXTS = Rule("a list of texts", _convert_texts, absent=())
COLUMNS = replace(TEXTS, metavar="COLUMN")
STUDIES = Rule(
    "a list of names of studies, or of StudyRecords",
    _convert_studies,
    absent=(),
    metavar="STUDY[,STUDY]",
)
SOURCE = Rule("a source of rows", _convert_source, absent=None, metavar="FILE")
DATABASE = Rule("a database URL such as sqlite:///automl.db", _convert_database, metavar="URL")
MODEL = Rule("FILE.py:FUNCTION, or a function", _convert_model, absent=None, metavar="FILE:NAME")
SPACE = Rule("a built-in space, a TOML file or a SearchSpace", _convert_space)
