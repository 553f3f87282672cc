from __future__ import annotations

import datetime

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class Persona:
    """Simulated user, in one version.

    Attributes:
        id: Id of the persona, the same for all its versions.
        name: Name, unique in the project.
        version: Version of the persona, counted from 1.
        description: What the persona is like, how it talks.
        created_at: When this version was made.
        updated_at: When the persona last changed.
        domain_knowledge: What the persona knows of the subject.
    """

    id: int
    name: str
    version: int
    description: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    domain_knowledge: str | None = None

    __repr__ = one_line
