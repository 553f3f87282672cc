"""Change a collection."""

from __future__ import annotations

from urllib.parse import quote

from ...models.template_variables_collection import TemplateVariablesCollection
from ...models.update_collection_request import UpdateCollectionRequest
from ...types import Operation, Request

OPERATION: Operation[TemplateVariablesCollection] = Operation(
    id="update_collection",
    method="PUT",
    path="/projects/{project_id}/collections/{collection_id}",
    status=200,
    success=TemplateVariablesCollection,
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    *,
    body: UpdateCollectionRequest,
) -> Request[TemplateVariablesCollection]:
    """Change a collection.

    Fields that are absent stay as they are, except `name`, which is always given. A column list is
    complete and in order: a column that it names by id, else by name, is kept and moved there, an
    unknown one is added as text with an empty default, and one that it leaves out is removed from the
    collection. A conversation column cannot be renamed. Cells are checked against a column's new type
    or
    new values; the whole change is refused with 422 when one does not fit. `environment_config` is
    cleared by null and kept when absent.

    409 when another collection or a scenario set has that name, and when columns are changed while
    the collection is read-only; `read_only` itself, the name and the description can always be
    changed.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}",
        body=body,
    )
