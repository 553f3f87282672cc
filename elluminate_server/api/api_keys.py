"""API keys of the key's project: made and shown once, listed without their secret, revoked."""

from elluminate_api import models
from sqlalchemy import select

from elluminate_server.domain.roles import ADMIN
from elluminate_server.http.access import Principal
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict
from elluminate_server.store.tables import ApiKey
from elluminate_server.writing.api_keys import end_key, in_future, make_key

__all__: list[str] = []


@operation("list_api_keys")
async def list_api_keys(call: Call) -> Answer:
    """In order of creation, revoked and expired ones too."""
    query = select(ApiKey).where(ApiKey.project_id == call.project_id)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, ApiKey.id)
    return call.answer(paged([_present(row) for row in rows], count))


@operation("create_api_key")
async def create_api_key(call: Call) -> Answer:
    """A key, shown now and never again: what is stored of the answer does not hold it either."""
    request = call.decode(models.CreateApiKeyRequest)
    expires_at = in_future(request.expires_at)
    role = request.role.value if request.role else ADMIN
    async with call.write() as session:
        row, key = await make_key(session, _principal(call), request.name, expires_at, role)
        made = _present(row)
        made.key = key
        repeated = Conflict(
            f"This request made the API key {row.name!r} (id {row.id}) before. It was shown then and cannot be "
            "shown again: revoke it (revoke_api_key()), and make another one."
        )
        return call.answer_once(made, repeated)


@operation("revoke_api_key")
async def revoke_api_key(call: Call) -> Answer:
    """End a key; it stays listed."""
    async with call.write() as session:
        await end_key(session, _principal(call), call.path["key_id"])
        return call.answer()


def _principal(call: Call) -> Principal:
    if call.principal is None:
        raise RuntimeError(f"{call.operation.id} is not public")
    return call.principal


def _present(row: ApiKey) -> models.ApiKey:
    return models.ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        role=models.ApiKeyRole(row.role),
    )
