from __future__ import annotations

from attrs import define


@define(kw_only=True)
class CustomApiInfo:
    """Trace of a custom provider call."""

    provider: str
    api_request_id: str | None = None
    track_request_url: str | None = None
