"""Texts of other people as what can be printed: nothing in them moves a cursor."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with what is not printable as its escape; ends of lines stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _escape(sign) for sign in text)


def one_line(text: str) -> str:
    """The text as `printable` gives it, with ends of lines escaped too."""
    return printable(text).replace("\n", r"\n")


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
