"""Where texts and tables go: results to stdout, progress to stderr, a summary to a text.

Text that comes from data is never read as rich's markup, and what is not printable in it is
escaped (automl/console/streams.py says why).
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from automl.wording.printable import printable


def stderr_console() -> Console:
    """Where progress goes."""
    return _console(sys.stderr)


def stdout_console() -> Console:
    """Where results go."""
    return _console(sys.stdout)


def _console(stream: TextIO) -> Console:
    written = getattr(stream, "drawn", stream)
    if not stream.isatty():
        written = cast("TextIO", TrimmedLines(written))
    return PrintableConsole(file=written, highlight=False)


def text_of(write: Callable[[Console], None], width: int) -> str:
    """What is written to a console, as a text without colours.

    Args:
        width: characters of a line.
    """
    text = io.StringIO()
    stream = cast("TextIO", TrimmedLines(text))
    console = PrintableConsole(
        file=stream,
        width=width,
        highlight=False,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
    )
    write(console)
    return text.getvalue()


class PrintableConsole(Console):
    """A console that makes texts printable and leaves its own codes, as of colours, in peace."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments; rich calls this for everything that it prints, and for its parts.

        Texts are made printable before they are broken into lines, whatever else afterwards.
        """
        if isinstance(renderable, Text):
            renderable = self._printable_text(renderable)
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)

    def _printable_text(self, text: Text) -> Text:
        if text.plain.isprintable():
            return text
        fresh = Text(justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap)
        fresh.end = text.end
        for segment in text.render(self):
            fresh.append(printable(segment.text), segment.style)
        return fresh

    def render_str(self, text: str, **kinds: Any) -> Text:
        """Make a text of a string, as rich does of what it is given to print."""
        return super().render_str(printable(text), **kinds)


class TrimmedLines:
    """A stream whose lines end with their text; rich fills them up with blanks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write without the blanks before ends of lines; rich writes whole lines."""
        return self._stream.write(re.sub(r" +(?=\n)", "", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
