"""How far a run is, as its log says it."""

import attrs

__all__ = ["Tally"]

EACH_UP_TO = 1_000
"""The log of a run of more answers than this counts once in a commit, not once for each of them."""


@attrs.define(eq=False)
class Tally:
    """Counts what a run has answered and rated. Only the writer counts.

    Attributes:
        total: How many answers the run is about.
        answered_before: How many of them were there before it, or came of other processes since.
        rated_before: How many of them were done before it, or by other processes since.
    """

    total: int
    answered_before: int
    rated_before: int
    # By item: a write that is tried again counts once.
    _answered: set[int] = attrs.field(factory=set)
    _rated: set[int] = attrs.field(factory=set)

    @property
    def is_brief(self) -> bool:
        """Whether the log says only how far the run is after a commit."""
        return self.total > EACH_UP_TO

    def note_all(self, answered: int, rated: int) -> None:
        """Take note of how many there are of all processes together."""
        self.answered_before = max(self.answered_before, answered - len(self._answered))
        self.rated_before = max(self.rated_before, rated - len(self._rated))

    def count_answered(self, item_id: int) -> str:
        """Count an answer; the log's words for it."""
        self._answered.add(item_id)
        return f"Generated {self.answered_before + len(self._answered)}/{self.total}"

    def count_rated(self, item_id: int) -> str:
        """Count an answer with which nothing is left to do; the log's words for it."""
        self._rated.add(item_id)
        return f"Rated {self.rated_before + len(self._rated)}/{self.total}"
