"""Delete an experiment."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_experiment",
    method="DELETE",
    path="/projects/{project_id}/experiments/{experiment_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    experiment_id: int,
) -> Request[None]:
    """Delete an experiment.

    Deletes its responses and ratings too. A run that is going on is revoked first.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments/{quote(str(experiment_id), safe='')}",
    )
