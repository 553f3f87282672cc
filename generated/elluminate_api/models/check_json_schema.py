"""A JSON schema of 2020-12, or of the draft that its `$schema` names; it refers to itself alone."""

from typing import Any

CheckJsonSchema = dict[str, Any]
