"""Dates as people write them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from elluminate import ValidationError
from elluminate._checks import checked_moment

UTC = datetime.UTC
TWO_HOURS_EAST = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (None, None),
        ("2026-04-01", datetime.datetime(2026, 4, 1, tzinfo=UTC)),
        ("1 April 2026", datetime.datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01T12:30Z", datetime.datetime(2026, 4, 1, 12, 30, tzinfo=UTC)),
        ("2026-04-01 12:30+02:00", datetime.datetime(2026, 4, 1, 12, 30, tzinfo=TWO_HOURS_EAST)),
        (datetime.date(2026, 4, 1), datetime.datetime(2026, 4, 1, tzinfo=UTC)),
        (datetime.datetime(2026, 4, 1, 5), datetime.datetime(2026, 4, 1, 5, tzinfo=UTC)),
        (
            datetime.datetime(2026, 4, 1, 5, tzinfo=TWO_HOURS_EAST),
            datetime.datetime(2026, 4, 1, 5, tzinfo=TWO_HOURS_EAST),
        ),
    ],
)
def test_is_read_as_a_point_in_time(written: Any, meant: datetime.datetime | None) -> None:
    assert checked_moment(written, "date_from") == meant


@pytest.mark.parametrize("written", ["soon", "", "12:30", "April", "2026-13-45", 20260401, 1.5, True])
def test_is_refused_with_its_value_when_it_is_none(written: Any) -> None:
    with pytest.raises(ValidationError, match="date_from") as caught:
        checked_moment(written, "date_from")
    assert repr(written) in str(caught.value)
