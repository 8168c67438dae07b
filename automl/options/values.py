"""What people give as options, made plain: numbers of NumPy, times and sizes, texts, lists.

A `Rule` turns a value into the plain Python value that is stored and compared, or says in one
line what it must be. The table of rules by option is in search_options.py; what can only be typed,
as `10m` or `500M`, is read here too, for the command line. No rule guesses: a text where a number
belongs is an error that names the number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any
from urllib.parse import urlsplit

from automl.errors import ConfigError

DEFAULT_STORAGE = "sqlite:///automl.db"

MOST = 2**31 - 1
"""The largest count: beyond it a number is a slip, and databases and arrays fail."""

MOST_SEED = 2**32 - 1  # what NumPy's and scikit-learn's generators take
MOST_BYTES = 2**63 - 1
MOST_SECONDS = 10**9  # 31 years

SHOWN = 60  # characters of a wrong value

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^@\s]*@")
_NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"


class Unfit(Exception):
    """A value that a rule refuses; its text is the fix, if there is one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an option can be, in words, and how a value becomes plain."""

    words: str  # "a whole number from 1"
    convert: Callable[[Any], Any]  # raises `Unfit`
    absent: Any = ...  # what None means; `...` where it is refused

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


def whole(least: int, most: int = MOST, words: str = "a whole number") -> Rule:
    """A whole number; one of NumPy, and a float without a fraction, is one too."""

    def convert(value: Any) -> int:
        number = _whole(value)
        if number < least:
            raise Unfit
        if number > most:
            raise Unfit(f"the most is {most}")
        return number

    return Rule(f"{words} from {least}", convert)


def number(least: float, words: str) -> Rule:
    """A finite number."""

    def convert(value: Any) -> float:
        found = _number(value)
        if found < least:
            raise Unfit
        return found

    return Rule(words, convert)


def _convert_seconds(value: Any) -> float:
    if isinstance(value, str):
        raise Unfit(_written(seconds_of, value))
    found = _number(value)
    if found < 0:
        raise Unfit
    if found > MOST_SECONDS:
        raise Unfit(f"the most is {MOST_SECONDS}")
    return found


def _convert_bytes(value: Any) -> int:
    if isinstance(value, str):
        raise Unfit(_written(bytes_of, value))
    found = _whole(value)
    if not 0 <= found <= MOST_BYTES:
        raise Unfit
    return found


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
    return text


def _convert_name(value: Any) -> str:
    """A column's name; frames may have numbers for names."""
    if isinstance(value, Integral) and abs(_whole(value)) <= MOST_BYTES:
        return str(_whole(value))
    return _convert_text(value)


def _convert_texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # a collection too, of its letters
        raise Unfit(f"write [{shown(value)}]")
    if not isinstance(value, Collection) or isinstance(value, bytes | bytearray | Mapping):
        raise Unfit
    try:
        items = list(value)
    except TypeError:  # an array without dimensions says that it is a collection
        raise Unfit from None
    for item in items:
        try:
            _convert_name(item)
        except Unfit:
            raise Unfit(f"{shown(item)} is no text") from None
    return tuple(_convert_name(item) for item in items)


def _convert_flag(value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # that of NumPy
        return bool(value)
    raise Unfit


def _convert_source(value: Any) -> Any:
    """Rows from a file or an object: what can be read is decided where they are read."""
    return str(value) if isinstance(value, str) else value


SECONDS = Rule("a number of seconds", _convert_seconds)
BYTES = Rule("a whole number of bytes", _convert_bytes)
TEXT = Rule("a text, and not an empty one", _convert_text)
MEMO = Rule("a text", _convert_memo)
DATABASE = Rule("a database URL such as sqlite:///automl.db", _convert_database)
NAME = Rule("a column's name", _convert_name)
TEXTS = Rule("a list of texts", _convert_texts, absent=())
FLAG = Rule("True or False", _convert_flag)
SOURCE = Rule("a source of rows", _convert_source, absent=None)


def optional(rule: Rule) -> Rule:
    """The same rule for an option that may be left out."""
    return Rule(rule.words, rule.convert, absent=None)


def one_of(*choices: str) -> Rule:
    """One of a few texts."""

    def convert(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Unfit
        return str(value)

    return Rule(f"one of {', '.join(choices)}", convert)


def either(text: str, rule: Rule) -> Rule:
    """A certain text, or what the rule says."""

    def convert(value: Any) -> Any:
        return text if isinstance(value, str) and value == text else rule.convert(value)

    return Rule(f"{rule.words}, or {text!r}", convert)


def text_or(kinds: tuple[type, ...], words: str) -> Rule:
    """A text, or an object of these kinds as it is."""

    def convert(value: Any) -> Any:
        return value if isinstance(value, kinds) else _convert_text(value)

    return Rule(words, convert)


def matching(pattern: str, words: str) -> Rule:
    """A text of this form."""

    def convert(value: Any) -> str:
        text = _convert_text(value)
        if not re.fullmatch(pattern, text):
            raise Unfit
        return text

    return Rule(words, convert)


def seconds_of(text: str) -> float:
    """Read a time as people type it: 90, 90s, 10m, 1h30m; a bare number is in seconds.

    Raises:
        ConfigError: it is not written like that.
    """
    typed = text.strip().lower()
    if re.fullmatch(_NUMBER, typed):
        return float(typed)
    if not re.fullmatch(f"(?:{_NUMBER}[smhd])+", typed):
        raise ConfigError(f"a time is written like 90s, 10m or 1h30m, but got {shown(text)}")
    parts = re.findall(f"({_NUMBER})([smhd])", typed)
    return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)


def bytes_of(text: str) -> int:
    """Read a size as people type it: 500M, 2G, 1.5 GB; a bare number is in bytes.

    Raises:
        ConfigError: it is not written like that.
    """
    match = re.fullmatch(rf"({_NUMBER})\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if match is None:
        raise ConfigError(f"a size is written like 500M or 2G, but got {shown(text)}")
    return int(float(match[1]) * _BYTES[match[2]])


def shown(value: Any) -> str:
    """A value for a message: in one line, not long, without a URL's password, whatever it is."""
    try:
        text = _PASSWORD.sub(r"\1***@", " ".join(repr(value).split()))
    except Exception:  # a person's own object, or a number of 5,000 digits
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise Unfit
    if isinstance(value, Integral):
        return int(value)
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


def _written(read: Callable[[str], float], text: str) -> str:
    """The number that a person has written as a text, as the fix of an error."""
    try:
        found = read(text)
    except ConfigError:
        return ""
    return f"write {found:g}" if found < 10**6 else f"write {int(found)}"
