"""The contract's own example of every request is one that the server accepts: what bad input differs from is good."""

from pathlib import Path

import pytest

from tests.server.contract_inputs import OPERATIONS
from tests.server.whole_project import good_body, good_query, url_of, whole_server

pytestmark = pytest.mark.anyio

OTHER_NAMES = {"update_collection": "Ideas", "rename_scenario_field": "year"}
"""Where the example of an earlier request has taken the name."""


async def test_the_example_of_every_request_is_accepted(tmp_path: Path) -> None:
    refused = []
    async with whole_server(tmp_path) as whole:
        for name, operation in OPERATIONS.items():
            if operation.body is None:
                continue
            arguments = good_body(name, whole.mine)
            if name in OTHER_NAMES:
                arguments["json"]["name"] = OTHER_NAMES[name]
            url, params = url_of(name, whole.mine), good_query(name, whole.mine)
            answer = await whole.api.request(operation.method, url, params=params, **arguments)
            if f"{answer.status_code}" != operation.success:
                refused.append((name, answer.status_code, answer.text[:300]))
    assert refused == []
