from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class CustomApiInfo:
    """Trace of a call over the custom_api protocol.

    Attributes:
        provider: Name of the provider.
        api_request_id: Id that the provider gave the call.
        track_request_url: Address where the provider shows the call.
    """

    provider: str
    api_request_id: str | None = None
    track_request_url: str | None = None

    __repr__ = one_line
