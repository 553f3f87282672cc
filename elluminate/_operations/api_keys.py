"""Making, listing and revoking API keys of the project."""

from __future__ import annotations

import datetime
from typing import Literal

from elluminate_api import models as api
from elluminate_api.api.projects import create_api_key, list_api_keys, revoke_api_key
from elluminate_api.models import ApiKeyRole
from elluminate_api.types import UNSET

from elluminate._checks import checked_name, known
from elluminate._lookup import given_id
from elluminate._operations.base import Operations
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.api_key import ApiKey


class ApiKeyOperations(Operations):
    """Operations on API keys, which the hosted platform does not offer to clients."""

    async def create_api_key(
        self,
        name: str,
        expires_at: datetime.datetime | None = None,
        *,
        role: ApiKeyRole | Literal["reader", "editor", "admin"] = "admin",
    ) -> ApiKey:
        """Make an API key of the project in use.

        Args:
            name: What it is for, 1 to 255 characters; need not be unique.
            expires_at: From when on it opens nothing, with a time zone; None for never.
            role: What it may do: "reader", change nothing; "editor", all but what an admin does; "admin", everything,
                also make and revoke keys, make projects and read the audit log. None is no role: an option that was not
                set makes no admin.

        Returns:
            The key with its secret in `key`. Keep that now: no later answer shows it.

        Raises:
            ValidationError: The name is empty, the time has no zone or is not in the future, or there is no such role.
            PermissionDeniedError: This client's key is no admin; or it expires, and the new one would outlive it.

        Example:
            >>> made = client.create_api_key("Nightly pipeline")
            >>> pipeline = Client(base_url=client.base_url, api_key=made.key)
            >>> client.create_api_key("Dashboard", role="reader").role
            <ApiKeyRole.READER: 'reader'>
        """
        checked_name(name, "API key")
        if expires_at is not None and (
            not isinstance(expires_at, datetime.datetime) or expires_at.tzinfo is None
        ):
            raise ValidationError(
                "expires_at must be a datetime with a time zone, like "
                f"datetime.now(UTC) + timedelta(days=90), got {quoted(expires_at)}"
            )
        given = known(ApiKeyRole, role, "role")
        body = api.CreateApiKeyRequest(
            name=name,
            expires_at=expires_at,
            # Left out it is an admin, also where a server of before there were roles would refuse the word.
            role=UNSET if given is ApiKeyRole.ADMIN else given,
        )
        project = await self.session.project_id()
        return await self.session.call(create_api_key.build(project, body=body), ApiKey)

    async def list_api_keys(self) -> list[ApiKey]:
        """The API keys of the project in use, revoked and expired ones too, without their secrets.

        Returns:
            Keys in order of creation; `key` is None in each.

        Example:
            >>> for key in client.list_api_keys():
            ...     print(key.name, key.expires_at, key.last_used_at, key.revoked_at)
        """
        project = await self.session.project_id()
        return await self.session.pages(lambda page: list_api_keys.build(project, page=page), ApiKey)

    async def revoke_api_key(self, api_key: ApiKey | int) -> None:
        """Let a key open nothing from now on; it stays listed.

        Args:
            api_key: The key, or its id.

        Raises:
            ConflictError: It is the key that this client uses.
            PermissionDeniedError: This client's key is no admin, or the other one outlives it.
            NotFoundError: The project has no such key.
            ValidationError: It is neither a key nor an id.

        Example:
            >>> made = client.create_api_key("For one evening")
            >>> client.revoke_api_key(made)
        """
        key_id = given_id(api_key, ApiKey, "api_key")
        await self.session.call(revoke_api_key.build(await self.session.project_id(), key_id))
