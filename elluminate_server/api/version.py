"""Whether a client's version is supported."""

from elluminate_api.models import VersionCompatibleRequest, VersionCompatibleResponse

from elluminate_server.http.pipeline import Answer, Call, operation


@operation("check_version_compatible")
async def check_version_compatible(call: Call) -> Answer:
    """Every client that speaks this contract is."""
    call.decode(VersionCompatibleRequest)
    return call.answer(VersionCompatibleResponse(is_compatible=True))
