"""What runs produce, as it is given to the writer."""

import datetime
import enum
from collections.abc import Mapping

import attrs

from elluminate_server.execution.generation import Generated, Subject
from elluminate_server.execution.kept_calls import Kept
from elluminate_server.execution.plans import Plan
from elluminate_server.execution.rating import Rated
from elluminate_server.execution.shares import Claim
from elluminate_server.execution.tally import Tally

__all__ = ["Closed", "Given", "NewResponse", "NotStored", "OfItem", "Record", "Stored", "Told"]


@attrs.frozen(kw_only=True, eq=False)
class NewResponse:
    """An answer that is not stored yet.

    Attributes:
        plan: How it was made.
        subject: The row it is for.
        generated: What came of asking.
        epoch: Which of the row's answers it is, from 1.
        judged_as_of: The moment whose criteria it is judged by; None for when it is stored.
        kept: What is kept of it, to be taken by other runs; None where nothing is.
    """

    plan: Plan
    subject: Subject
    generated: Generated
    epoch: int
    judged_as_of: datetime.datetime | None = attrs.field(
        default=attrs.Factory(lambda self: self.plan.run_asked_at, takes_self=True)
    )
    kept: Kept | None = None


class NotStored(enum.Enum):
    """Why an answer was not stored although its row is there."""

    OTHER_PROMPT = "other prompt"
    """The row was edited, and was answered in another epoch first, with another prompt, which is the one that stays."""


@attrs.frozen(kw_only=True, eq=False)
class Stored:
    """A work item's answer, to be stored.

    What comes of it is the response's id; None when the row is gone, or nothing is left to do with the answer;
    `NotStored` when the model has to be asked again.

    Attributes:
        item_id: The work item.
        response: The answer.
        is_over: Whether nothing is left to do with it.
        tally: Where it counts.
    """

    item_id: int
    response: NewResponse
    is_over: bool
    tally: Tally


@attrs.frozen(kw_only=True, eq=False)
class Given:
    """A verdict, to be stored in place of an older one.

    Attributes:
        item_id: The work item that it came of.
        response_id: The answer.
        rated: The verdict.
        project_id: The project that it is kept in, to be taken by other runs.
    """

    item_id: int
    response_id: int
    rated: Rated
    project_id: int


@attrs.frozen(kw_only=True, eq=False)
class Closed:
    """A work item with which nothing is left to do.

    Attributes:
        item_id: The work item.
        place: What the log calls it.
        response_id: Its answer, where that is older than this run.
        problems: Criterion id (decimal string) to the reason why it could not be judged.
        tally: Where it counts.
    """

    item_id: int
    place: str
    response_id: int | None
    problems: Mapping[str, str]
    tally: Tally


@attrs.frozen(kw_only=True, eq=False)
class Told:
    """A line of the log that is about the whole run.

    Attributes:
        line: What it says.
    """

    line: str


OfItem = Stored | Given | Closed
Record = OfItem | Told | Claim
"""What a run wants to have written."""
