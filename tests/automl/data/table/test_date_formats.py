from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from automl.data.table.cells import raw_column
from automl.data.table.column_reading import read_moments
from automl.data.table.date_formats import (
    date_part,
    days_since_1970,
    guess_dates,
    in_bounds,
    is_ambiguous,
    parse_dates,
    varying_parts,
)


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2021-08-17", "2021-06-14"], "2021-08-17"),
        (["2021-08-17 10:00:00.5", "2021-08-17"], "2021-08-17 10:00:00.5"),
        (["2021-08-17T10:00:00Z", "2021-08-17T12:00:00+02:00"], "2021-08-17 10:00"),
        (["2021-01", "2021-02"], "2021-01-01"),
        (["2021/8/7 10:15"], "2021-08-07 10:15"),
        (["05/19/2022 04:25 PM", "08/17/2021 09:08 AM"], "2022-05-19 16:25"),
        (["5/19/2022 4:25pm"], "2022-05-19 16:25"),
        (["05/19/2022 04:25 p.m."], "2022-05-19 16:25"),
        (["01/02/23", "12/30/22"], "2023-01-02"),
        (["30/12/22", "01/02/23"], "2022-12-30"),
        (["17.08.69", "01.01.68"], "1969-08-17"),
        (["13-01-2009", "02-01-2009"], "2009-01-13"),
        (["1.5.2021 7:05", "12.12.2021 17:00"], "2021-05-01 07:05"),
        (["17 August 2021", "1 May 2020"], "2021-08-17"),
        (["Aug 17, 2021", "May 1, 2020"], "2021-08-17"),
        (["17-Aug-21", "01-May-20"], "2021-08-17"),
        (["Tuesday, August 17, 2021"], "2021-08-17"),
        (["Aug 2021", "May 2020"], "2021-08-01"),
        (
            ["Tue, 17 Aug 2021 16:25:00 +0000", "Tue, 17 Aug 2021 16:25:00 +0200"],
            "2021-08-17 16:25",
        ),
        (["Tue, 17 Aug 2021 16:25:00 GMT"], "2021-08-17 16:25"),
        (["Tue Aug 17 16:25:00 2021"], "2021-08-17 16:25"),
        (["17/Aug/2021:10:00:00 +0000"], "2021-08-17 10:00"),
        (["20210817T101500"], "2021-08-17 10:15"),
        (["12dec2020", "01jan2021"], "2020-12-12"),
        (["12DEC2020:14:49:00", "01JAN2021:00:00:00"], "2020-12-12 14:49"),
        (["2020-12-12 14:49:00 UTC"], "2020-12-12 14:49"),
        (["2020-12-12 14:49:00,123"], "2020-12-12 14:49:00.123"),
        (["12.12.2020 14:49 Uhr"], "2020-12-12 14:49"),
    ],
)
def test_dates_are_read_as_their_column_writes_them(cells: list[str], first: str) -> None:
    guess = guess_dates(Counter(cells), at_least=1.0)
    assert guess is not None
    assert parse_dates(cells, guess.format)[0] == pd.Timestamp(first)


@pytest.mark.parametrize(
    "cells",
    [["10+", "5-9"], ["1.5", "2.5"], ["12:30", "7:15"], ["a b", "c d"], ["90-100", "80-89"]],
)
def test_other_texts_are_no_dates(cells: list[str]) -> None:
    assert guess_dates(Counter(cells), at_least=0.5) is None


def test_digits_alone_are_dates_only_where_a_person_says_so() -> None:
    cells = Counter(["20210817", "20220101"])
    assert guess_dates(cells, at_least=0.5) is None
    guess = guess_dates(cells, at_least=0.5, asked=True)
    assert guess is not None
    assert parse_dates(["20210817"], guess.format)[0] == pd.Timestamp(2021, 8, 17)


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["202210", "202111"], "2022-10-01"),
        (["31122021", "01022022"], "2021-12-31"),
        (["210817", "221231"], "2021-08-17"),
        (["1629208800", "1629208801"], "2021-08-17 14:00"),
        (["1629208800000", "1629208801000"], "2021-08-17 14:00"),
    ],
)
def test_digits_that_a_person_calls_dates_are_read_by_their_width(
    cells: list[str], first: str
) -> None:
    guess = guess_dates(Counter(cells), at_least=0.5, asked=True)
    assert guess is not None
    assert parse_dates(cells, guess.format)[0] == pd.Timestamp(first)


@pytest.mark.parametrize("cell", ["today", "now", "2021", "202111", "20210817"])
def test_only_texts_that_name_a_day_or_month_are_iso_dates(cell: str) -> None:
    """Pandas takes "now" for the clock: the answer would change from run to run."""
    assert parse_dates([cell], "ISO8601").isna().all()


def test_what_is_no_date_is_counted() -> None:
    guess = guess_dates(Counter({"2021-08-17": 6, "soon": 3, "9999-12-31": 1}), at_least=0.5)
    assert guess is not None
    assert (guess.share, guess.strays, guess.n_stray) == (0.6, ("soon", "9999-12-31"), 4)
    assert guess_dates(Counter({"2021-08-17": 6, "soon": 4}), at_least=0.9) is None


@pytest.mark.parametrize("never", ["9999-12-31", "0001-01-01", "2999-12-31"])
def test_moments_that_say_never_are_missing(never: str) -> None:
    assert parse_dates([never], "ISO8601").isna().all()
    assert in_bounds(pd.DatetimeIndex([never, "2020-01-01"])).isna().tolist() == [True, False]


def test_moments_beyond_nanoseconds_are_read_beside_others() -> None:
    epochs = parse_dates(["9999999999", "1614900000", "soon"], "seconds since 1970")
    assert epochs[0] == pd.Timestamp("2286-11-20 17:46:39")
    assert epochs[1] == pd.Timestamp("2021-03-04 23:20:00") and epochs.isna()[2]
    cells = raw_column(pd.Series(["1614900000", "2400-01-01", "9999-12-31"]))
    read = read_moments(cells, "seconds since 1970")
    assert read[1] == pd.Timestamp("2400-01-01") and read.isna().tolist() == [False, False, True]


def test_dates_with_zones_are_compared_in_utc() -> None:
    read = parse_dates(["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"], "ISO8601")
    assert read[0] == read[1] == pd.Timestamp("2024-01-01")


def test_day_and_month_can_be_the_other_way_round() -> None:
    moments = parse_dates(["01/02/2023", "03/04/2023"], "%m/%d/%Y")
    assert is_ambiguous("%m/%d/%Y", moments)
    assert not is_ambiguous("%m/%d/%Y", parse_dates(["01/13/2023"], "%m/%d/%Y"))
    assert not is_ambiguous("ISO8601", moments)


@pytest.mark.parametrize("moment", ["1500-06-01", "2300-01-01T12:00", "1969-12-31"])
def test_days_are_counted_beyond_what_nanoseconds_reach(moment: str) -> None:
    since = np.datetime64(moment, "s") - np.datetime64("1970-01-01", "s")
    for unit in ("s", "us"):
        moments = pd.DatetimeIndex(np.array([moment], dtype=f"datetime64[{unit}]"))
        assert days_since_1970(moments).tolist() == [since / np.timedelta64(1, "D")]


def test_parts_of_a_date() -> None:
    moments = pd.DatetimeIndex(["1970-01-02 12:30", None])
    parts = {
        part: date_part(moments, part) for part in ("days", "month", "day", "weekday", "hour")
    }
    assert {part: values[0] for part, values in parts.items()} == {
        "days": pytest.approx(1 + 12.5 / 24),
        "month": 1,
        "day": 2,
        "weekday": 4,  # a Friday
        "hour": 12.5,
    }
    assert all(np.isnan(values[1]) for values in parts.values())


def test_parts_that_vary() -> None:
    days = pd.date_range("2024-01-01", periods=20)
    assert varying_parts(days) == ("days", "day", "weekday")
    assert varying_parts(days[:1].append(pd.DatetimeIndex([pd.NaT]))) == ()
