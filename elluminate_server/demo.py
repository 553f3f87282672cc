"""An example to look at: two versions of a prompt over the same rows, answered and judged by the offline model."""

from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.types import Message

__all__ = ["load_demo"]

_NAME = "Explain like a tutor"
_PROMPTS = (
    "Explain {{concept}} to a {{reader}}.",
    "You are a patient tutor. Explain {{concept}} to a {{reader}} in three sentences, with one example.",
)
_CONCEPTS = (
    "recursion",
    "closures",
    "tail calls",
    "garbage collection",
    "hash tables",
    "floating point",
    "race conditions",
    "binary search",
    "unit tests",
    "version control",
    "caching",
    "encryption",
)
_READERS = ("beginner", "colleague")
_CRITERIA = (
    "Is the explanation correct?",
    "Does it fit the reader?",
    "Is there an example?",
)


async def load_demo(app: Starlette, key: str) -> None:
    """Create the example through the application's own API, and start its runs.

    Args:
        app: The application, which runs.
        key: Opens its default project.
    """
    (project,) = (await _send(app, key, "GET", "/api/v0/projects"))["items"][:1]
    where = f"/api/v0/projects/{project['id']}"
    rows = [{"concept": concept, "reader": reader} for concept in _CONCEPTS for reader in _READERS]
    collection = await _send(
        app, key, "POST", f"{where}/collections", {"name": "Concepts and readers", "variables": rows}
    )
    criteria = [{"criterion_str": text} for text in _CRITERIA]
    criterion_set = await _send(
        app, key, "POST", f"{where}/criterion_sets", {"name": "A good explanation", "criteria": criteria}
    )
    for number, prompt in enumerate(_PROMPTS, 1):
        messages = [{"role": "user", "content": prompt}]
        template = await _send(
            app, key, "POST", f"{where}/prompt_templates", {"name": _NAME, "messages": messages}
        )
        await _send(
            app,
            key,
            "POST",
            f"{where}/experiments",
            {
                "name": f"{_NAME}, version {number}",
                "description": "Made by the built-in offline model: it shows how things look, and measures nothing.",
                "prompt_template_id": template["id"],
                "collection_id": collection["id"],
                "criterion_set_id": criterion_set["id"],
                "n_epochs": 2,
                "generate": True,
            },
        )


async def _send(app: Starlette, key: str, method: str, path: str, body: Any = None) -> Any:
    """Ask the application, without a connection."""
    sent = b"" if body is None else msgspec.json.encode(body)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"x-api-key", key.encode()), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    status, parts = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    answer = b"".join(parts)
    if not 200 <= status < 300:
        raise RuntimeError(f"{method} {path} answered {status}: {answer[:500]!r}")
    return msgspec.json.decode(answer)
