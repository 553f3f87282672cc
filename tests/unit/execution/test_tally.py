"""How far a run is, as its log says it."""

from elluminate_server.execution.tally import EACH_UP_TO, Tally


def test_what_is_written_again_counts_once() -> None:
    tally = Tally(total=5, answered_before=2, rated_before=1)
    assert tally.count_answered(7) == "Generated 3/5"
    assert tally.count_answered(7) == "Generated 3/5"
    assert tally.count_answered(8) == "Generated 4/5"
    assert tally.count_rated(7) == "Rated 2/5"
    assert tally.count_rated(7) == "Rated 2/5"


def test_only_long_runs_are_counted_by_commits() -> None:
    assert not Tally(EACH_UP_TO, 0, 0).is_brief
    assert Tally(EACH_UP_TO + 1, 0, 0).is_brief
