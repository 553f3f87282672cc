"""Judges: which ones an experiment can be rated by, and which one a key means."""

from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.writing.judges import judges


@operation("list_rating_versions")
async def list_rating_versions(call: Call) -> Answer:
    """The same for every project of a server."""
    return call.answer(judges(call.settings))
