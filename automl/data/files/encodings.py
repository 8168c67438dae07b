"""The encoding of a text, from its bytes: UTF-8, 16 or 32, CP949, Latin-1; or that it is none."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from automl.errors import DataError

_SAMPLE_BYTES = 1 << 18  # whether a file is text is judged on the first 256 KiB
_WINDOWS = frozenset(range(0x80, 0xA0))
_MAX_CONTROL = 0.01  # a text has at most such a share of control characters

_SIGNATURES = {  # in lower case where they are words
    b"PK\x03\x04": "a zip archive or Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "a NumPy file",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"BZh91AY": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"(\xb5/\xfd": "compressed by zstd",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
    b"version https://git-lfs": "a pointer of Git LFS to the file (run git lfs pull)",
}


Blocks: TypeAlias = Callable[[], Iterable[bytes]]
"""The bytes of a file in pieces, from its beginning at each call: more than the memory holds."""


def detect_encoding(content: bytes, name: str) -> str:
    """Name the encoding of a text; `encoding_of` says how."""
    return encoding_of(lambda: (content,), name)


def encoding_of(blocks: Blocks, name: str) -> str:
    """Name the encoding of a text that comes in blocks.

    CP949 takes some Latin-1 texts without complaint, as rare Hangul or Chinese characters. It
    is believed only where at least 8 in 10 of its two-byte characters are among the 2,350
    syllables of KS X 1001, which make up nearly all Korean text.

    Raises:
        DataError: the bytes are no text.
    """
    head = _head(blocks)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    beginning = head[:100].lstrip()
    for signature, kind in _SIGNATURES.items():
        if beginning.startswith(signature) or beginning.lower().startswith(signature):
            raise DataError(f"{name} must be a table of text, but it is {kind}; export it as CSV")
    if any(0 in block for block in blocks()):
        return _utf16_without_mark(blocks, head, name)
    _refuse_control_characters(head, name)
    if _decodes(blocks, "utf-8"):
        return "utf-8"
    if _decodes(blocks, "cp949") and _share_of_common_hangul(blocks) >= 0.8:
        return "cp949"
    # Windows writes 0x80..0x9f as quotes and the euro sign, where Latin-1 has no characters.
    has_windows_characters = any(not _WINDOWS.isdisjoint(block) for block in blocks())
    return "cp1252" if has_windows_characters and _decodes(blocks, "cp1252") else "latin-1"


def _head(blocks: Blocks) -> bytes:
    head = b""
    for block in blocks():
        head += block[: _SAMPLE_BYTES - len(head)]
        if len(head) >= _SAMPLE_BYTES:
            break
    return head


def without_end_mark(content: bytes) -> bytes:
    """A text without the Ctrl-Z (0x1A) by which DOS marked its end."""
    text = content.rstrip(b"\x1a")
    return content if 0 in text else text  # in UTF-16 it may be half of a character


def _utf16_without_mark(blocks: Blocks, head: bytes, name: str) -> str:
    """Mostly Latin text in UTF-16 has a zero in every second byte."""
    zeros, odd = head.count(0), head[1::2].count(0)
    encoding = "utf-16-le" if odd > zeros / 2 else "utf-16-be"
    if max(odd, zeros - odd) > 0.9 * zeros and zeros > 0.2 * len(head):
        return encoding
    line, is_at_end = _first_zero(blocks)
    if zeros <= _MAX_CONTROL * len(head) or is_at_end:
        raise DataError(
            f"a text must not hold NUL (a byte of zero), but line {line} of {name} does; was it "
            "written only in part? Remove it, or make the file anew"
        )
    raise DataError(f"{name} must be a table of text, but it is binary; export it as CSV")


def _first_zero(blocks: Blocks) -> tuple[int, bool]:
    """The line of the first zero, and whether nothing else follows."""
    line, is_found, is_at_end = 1, False, True
    for block in blocks():
        rest = block
        if not is_found:
            before, zero, rest = block.partition(b"\x00")
            line += before.count(b"\n")
            is_found = bool(zero)
        is_at_end = is_at_end and not rest.strip(b"\x00")
    return line, is_at_end


def _refuse_control_characters(head: bytes, name: str) -> None:
    counts = Counter(head)
    n_control = sum(counts[code] for code in range(32) if code not in (9, 10, 12, 13))
    if n_control > _MAX_CONTROL * len(head):
        raise DataError(f"{name} must be a table of text, but it is binary; export it as CSV")


def _decodes(blocks: Blocks, encoding: str) -> bool:
    try:
        for _ in codecs.iterdecode(blocks(), encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _share_of_common_hangul(blocks: Blocks) -> float:
    counts: Counter[str] = Counter()
    for text in codecs.iterdecode(blocks(), "cp949"):
        counts.update(text)
    two_byte = {character: count for character, count in counts.items() if ord(character) > 127}
    pairs = {character: character.encode("cp949") for character in two_byte}
    common = sum(
        count
        for character, count in two_byte.items()
        if 0xB0 <= pairs[character][0] <= 0xC8 and pairs[character][1] >= 0xA1
    )
    return common / max(sum(two_byte.values()), 1)
