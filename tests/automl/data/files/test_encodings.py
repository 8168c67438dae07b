from __future__ import annotations

import pytest

from automl.data.files.encodings import detect_encoding, without_end_mark
from automl.errors import DataError

KOREAN = "이름,점수\n김철수,1\n박영희,2\n홍길동,3\n"
GERMAN = "Straße,Größe\nMüller,1\nÄrger,2\nÖl,3\nAäö,4\n"


@pytest.mark.parametrize(
    ("text", "written_as", "read_as"),
    [
        ("a,b\n1,2\n", "utf-8", "utf-8"),
        (KOREAN, "utf-8", "utf-8"),
        (KOREAN, "utf-8-sig", "utf-8-sig"),
        (KOREAN, "utf-16", "utf-16"),
        (KOREAN, "utf-32", "utf-32"),
        (KOREAN, "cp949", "cp949"),
        (GERMAN, "latin-1", "latin-1"),
        ("A,B\nGRÖßE,ÄÖ\nÖÄ,ß\n\n", "latin-1", "latin-1"),
        ("name,euro\nMüller,€5\n", "cp1252", "cp1252"),
        ("some,plain,text\n1,2,3\n4,5,6\n", "utf-16-le", "utf-16-le"),
        ("some,plain,text\n1,2,3\n4,5,6\n", "utf-16-be", "utf-16-be"),
    ],
)
def test_encoding_is_detected_and_the_text_comes_back(
    text: str, written_as: str, read_as: str
) -> None:
    content = text.encode(written_as)
    assert detect_encoding(content, "table.csv") == read_as
    assert content.decode(read_as) == text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\n<!DOCTYPE HTML><html>", "a web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"\xfd7zXZ\x00", "compressed by xz"),
        (b"BZh91AY&SY", "compressed by bzip2"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)
def test_files_that_people_take_for_tables_are_named(content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=kind):
        detect_encoding(content, "table.csv")


@pytest.mark.parametrize("content", [b"%PDF-1.7 ...", b"PAR1....", bytes(range(32)) * 40])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="export it as CSV"):
        detect_encoding(content, "table.csv")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a,b\n1,2\n3,4\n\x00", 4),
        (b"a,b\n1,2\x00\x00\x00", 2),
        (b"a,b\n" * 200_000 + b"\x00", 200_001),
    ],
)
def test_nul_is_named_with_its_line(content: bytes, line: int) -> None:
    with pytest.raises(DataError, match=rf"must not hold NUL .* but line {line} of t\.csv does"):
        detect_encoding(content, "t.csv")


def test_only_the_mark_of_dos_is_taken_off_the_end() -> None:
    assert without_end_mark(b"a\n1\n\x1a") == b"a\n1\n"
    assert without_end_mark(b"a\x1a\n") == b"a\x1a\n"
    text = "a\n\u1a00".encode("utf-16-le")
    assert without_end_mark(text) == text
