"""API keys through the clients, against a server in this process."""

import contextlib
import datetime
from pathlib import Path

import pytest

from elluminate import AsyncClient, AuthenticationError, Client, NotFoundError, ValidationError
from elluminate_server.local import LocalServer


def test_a_key_is_made_used_and_revoked(tmp_path: Path) -> None:
    server = LocalServer(str(tmp_path / "test.db"))
    server.start()
    address = server.address
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        client = stack.enter_context(Client(base_url=address.base_url, api_key=address.api_key))
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
        made = client.create_api_key("Pipeline", expires)
        assert made.key is not None
        assert made.expires_at == expires
        assert made.key not in repr(made)
        with Client(base_url=address.base_url, api_key=made.key) as other:
            assert other.list_collections() == []
            client.revoke_api_key(made)
            with pytest.raises(AuthenticationError, match="was revoked"):
                other.list_collections()
        (listed,) = client.list_api_keys()
        assert (listed.id, listed.key, listed.revoked_at is None) == (made.id, None, False)


@pytest.mark.anyio
async def test_the_same_without_blocking(tmp_path: Path) -> None:
    async with AsyncClient(base_url=f"local:{tmp_path / 'test.db'}") as client:
        made = await client.create_api_key("Pipeline")
        assert [one.name for one in await client.list_api_keys()] == ["Pipeline"]
        await client.revoke_api_key(made.id)
        with pytest.raises(NotFoundError, match="999"):
            await client.revoke_api_key(999)
        with pytest.raises(ValidationError, match="time zone"):
            await client.create_api_key("Old", datetime.datetime(2200, 1, 1))
        with pytest.raises(ValidationError, match="role must be one of admin, editor, reader; got None"):
            await client.create_api_key("Unset", role=None)  # type: ignore[arg-type]
        assert [one.name for one in await client.list_api_keys()] == ["Pipeline"]
