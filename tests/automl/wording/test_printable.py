"""Texts of other people, made printable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from automl.wording.printable import one_line, printable

ATTACK = "\x1b[2J\x1b]52;c;QUJD\x07 \u202eevil\r \x9b31m \udcff \u2028\0\x7f"


@given(st.text(st.characters(codec=None)))
def test_all_that_is_shown_is_printable(text: str) -> None:
    assert all(sign.isprintable() or sign == "\n" for sign in printable(text))
    assert one_line(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_letters_of_any_script_stay_and_the_rest_is_seen() -> None:
    assert printable("é, 한\n") == "é, 한\n"
    assert one_line("a\nb") == r"a\nb"
    assert printable(ATTACK) == (
        r"\x1b[2J\x1b]52;c;QUJD\x07 \u202eevil\r \x9b31m \udcff \u2028\x00\x7f"
    )
