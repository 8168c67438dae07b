"""The words of a report that the glossary explains, so that its file explains them offline.

`glossary.md` is the one place where words are explained; the documentation shows it whole. A
paragraph begins with the names it explains, in bold, and may have more of them in its text. A
report says those alone that occur in what it says, folded below its verdicts; the first mention
of each in a verdict is a link to it. What only the headline or the title of a part mentions is
explained there too, without a link.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2.filters import do_forceescape, do_mark_safe

from automl.options.spoken import TYPED

FILE: Final = Path(__file__).parent / "glossary.md"

BOLD: Final = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)

TAG: Final = re.compile(r"(<code>.*?</code>|<[^>]*>)", re.DOTALL)
"""What is left as it is in HTML: elements, and what is typed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paragraph of the glossary."""

    title: str  # its names: "Bias", "Complete, paused, pruned, failed"
    text: str  # Markdown without bold: only `code` is marked
    names: tuple[str, ...]  # in small letters, those inside the text too

    @property
    def key(self) -> str:
        """What links to it name: "word-edge-of-a-range"."""
        return "word-" + re.sub(r"\W+", "-", self.title.lower()).strip("-")


@functools.cache
def entries() -> tuple[Entry, ...]:
    """The whole glossary, in its order."""
    paragraphs = FILE.read_text(encoding="utf-8").split("\n\n")
    return tuple(_entry(" ".join(one.split())) for one in paragraphs if one.startswith("**"))


def _entry(paragraph: str) -> Entry:
    title, text = re.fullmatch(r"\*\*(.+?)\.\*\* (.+)", paragraph).groups()  # type: ignore[union-attr]
    bold = [*title.split(", "), *BOLD.findall(text)]
    names = tuple(name.strip(".").lower() for name in bold)
    return Entry(title, BOLD.sub(r"\1", text), names)


def occurring(texts: Iterable[str]) -> tuple[Entry, ...]:
    """The entries of which a name stands in one of the texts, in the glossary's order.

    What is typed, in backquotes, is passed over, as `Marker` does.
    """
    said = "\n".join(TYPED.sub("``", text) for text in texts)
    return tuple(entry for entry in entries() if _mention(entry).search(said))


@functools.cache
def _mention(entry: Entry) -> re.Pattern[str]:
    """Any of its names as a word of its own, one or several: the longest counts."""
    names = "|".join(map(re.escape, sorted(entry.names, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{names})s?(?![\w-])", re.IGNORECASE)


class Marker:
    """Makes the first mention of each entry a link to it, in what it is given to mark."""

    def __init__(self, shown: Iterable[Entry]) -> None:
        self.waiting = list(shown)

    def mark(self, html: str) -> str:
        """Escaped text or HTML with the first mentions in it marked; the rest is left."""
        is_safe = hasattr(html, "__html__")  # as templates say it
        pieces = TAG.split(str(html if is_safe else do_forceescape(html)))
        for entry in tuple(self.waiting):
            for place in range(0, len(pieces), 2):  # between elements
                found = _mention(entry).search(pieces[place])
                if found is not None:
                    before, after = pieces[place][: found.start()], pieces[place][found.end() :]
                    link = f'<a class="word" href="#{entry.key}">{found[0]}</a>'
                    pieces[place : place + 1] = [before, link, after]
                    self.waiting.remove(entry)
                    break
        return do_mark_safe("".join(pieces))
