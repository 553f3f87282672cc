"""What makes two prompt templates, or two rows, the same: digests of canonical JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["row_identity", "template_identity"]


# Made once: to make one takes longer than to write a row with it.
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def template_identity(
    name: str,
    messages: Sequence[Mapping[str, Any]],
    response_format: Mapping[str, Any] | None,
    tools: Sequence[Mapping[str, Any]] | None,
    tool_choice: str | Mapping[str, Any] | None,
) -> str:
    """Identity of a template version: SHA-256 (hex) over name, messages, response format, tools, tool choice.

    Neither the order of keys nor the difference between an unset and a null key of a message or a tool
    counts, because clients differ in which of the two they send. Inside a JSON schema a null is a value and
    counts.
    """
    return _digest(
        {
            "name": name,
            "messages": [
                _without_unset(message, empty=("tool_calls", "annotations")) for message in messages
            ],
            "response_format": response_format,
            "tools": [_tool(tool) for tool in tools] if tools else None,
            "tool_choice": _without_unset(tool_choice) if isinstance(tool_choice, Mapping) else tool_choice,
        }
    )


def row_identity(input_values: Mapping[str, Any], environment_config: Mapping[str, Any] | None) -> str:
    """Identity of a row: SHA-256 (hex) over its values and its environment config, in stored form.

    The order of keys does not count; a null value and an absent column are different.
    """
    return _digest({"input_values": input_values, "environment_config": environment_config})


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    result = _without_unset(tool)
    function = result.get("function")
    if isinstance(function, Mapping):
        result["function"] = _without_unset(function)
    return result


def _without_unset(value: Mapping[str, Any], *, empty: Sequence[str] = ()) -> dict[str, Any]:
    return {
        key: item for key, item in value.items() if item is not None and not (key in empty and item == [])
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(_JSON.encode(_canonical(value)).encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    # JSON has one kind of number: 1 and 1.0 are equal, and which of them arrives depends on the client.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        # Most cells are text; a call for each of them would take most of an upload's time.
        return {str(key): item if isinstance(item, str) else _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value
