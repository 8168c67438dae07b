"""What reaches the terminal: printable, encodable, and no failure on the way."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from automl.console.streams import SafeStream, safe_streams

ATTACK = "\x1b[2J\x1b]52;c;QUJD\x07 \u202eevil\r \x9b31m \udcff \u2028\0\x7f"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_is_escaped(encoding: str) -> None:
    bytes_written = io.BytesIO()
    stream = SafeStream(io.TextIOWrapper(bytes_written, encoding=encoding))
    stream.write("é 한 " + ATTACK)
    stream.flush()
    assert stream.failure is None
    assert stream.encoding == encoding
    written = bytes_written.getvalue().decode(encoding)
    assert written.isprintable()
    assert ("한" in written) == (encoding == "utf-8")


def test_what_is_drawn_keeps_its_colours() -> None:
    drawn = io.StringIO()
    SafeStream(drawn).drawn.write("\x1b[1mbold\x1b[0m")
    assert drawn.getvalue() == "\x1b[1mbold\x1b[0m"


def test_a_closed_stream_is_told_once_something_is_lost() -> None:
    stream = SafeStream(None)
    stream.flush()
    stream.write("")
    assert stream.failure is None
    assert not stream.isatty()
    stream.write("a")
    assert stream.failure is not None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_stream_is_told_and_raises_nothing_at_its_end() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        stream = SafeStream(full)
        stream.write("a")
        stream.flush()
        assert stream.failure is not None
        assert stream.failure.strerror == "No space left on device"
        stream.write("b")


def test_a_pipe_without_reader_is_told() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        stream = SafeStream(pipe)
        stream.write("a")
        stream.flush()
        assert isinstance(stream.failure, BrokenPipeError)


def test_the_streams_are_put_back() -> None:
    before = sys.stdout, sys.stderr
    with safe_streams() as (stdout, stderr):
        assert (sys.stdout, sys.stderr) == (stdout, stderr)
    assert (sys.stdout, sys.stderr) == before
