"""List the judges."""

from __future__ import annotations

from urllib.parse import quote

from ...models.rating_version import RatingVersion
from ...types import Operation, Request

OPERATION: Operation[list[RatingVersion]] = Operation(
    id="list_rating_versions",
    method="GET",
    path="/projects/{project_id}/ratings/versions",
    status=200,
    success=list[RatingVersion],
    repeatable=True,
)


def build(
    project_id: int,
) -> Request[list[RatingVersion]]:
    """List the judges.

    The judges that an experiment's `rating_version` can name, a plain array, the default first. The key
    latest is not listed: it stands for the newest stable one.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/versions",
    )
