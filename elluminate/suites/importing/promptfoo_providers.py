"""promptfoo's providers as models of a suite."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from elluminate._showing import quoted
from elluminate.suites.importing.parts import Notes

__all__ = ["models_of"]

_OPENAI = (None, "OPENAI_API_KEY")
_COMPATIBLE: dict[str, tuple[str | None, str | None]] = {
    "openai": _OPENAI,
    "mistral": ("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "xai": ("https://api.x.ai/v1", "XAI_API_KEY"),
    "togetherai": ("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "ollama": ("http://localhost:11434/v1", None),
}
"""Endpoints that speak OpenAI's protocol, and the variables that hold their keys."""

_MODES = {"chat", "completion", "completions", "responses", "messages"}
_SETTINGS = {"temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 10_000_000)}
_ELSEWHERE = {"apiKey", "apiKeyEnvar", "apiBaseUrl", "apiHost", "max_completion_tokens", "max_output_tokens"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def models_of(given: Any, notes: Notes) -> list[dict[str, Any]]:
    """The models of `providers`, each once; those that are no models are named."""
    if given is None:
        return []
    found: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(given if isinstance(given, list) else [given]):
        where = f"providers[{number}]"
        if isinstance(one, dict) and "id" not in one and len(one) == 1:
            ((name, options),) = one.items()
            one = {**options, "id": name} if isinstance(options, dict) else name
        options = {"id": one} if isinstance(one, str) else one
        if not isinstance(options, dict) or not isinstance(options.get("id"), str):
            notes.add("not converted", where, f"a provider has an id, not {quoted(one)}")
            continue
        model = _model(options, where, notes)
        if model is None:
            continue
        name, count = model["name"], 1
        while model["name"] in found:
            count += 1
            model["name"] = f"{name[:74]} {count}"
        found[model["name"]] = model
    if len(found) > 50:
        notes.add("left out", "providers", f"{len(found) - 50} models: 50 are the most of a suite")
    return list(found.values())[:50]


def _model(options: Mapping[str, Any], where: str, notes: Notes) -> dict[str, Any] | None:
    provider, *rest = options["id"].split(":")
    if len(rest) > 1 and rest[0] in _MODES:
        rest = rest[1:]
    model = ":".join(rest)
    if (provider not in _COMPATIBLE and provider != "anthropic") or not model or model in _MODES:
        notes.add(
            "not converted",
            where,
            f"{quoted(options['id'])} is no model that is known here; a program of yours is a target: "
            "(target: module:function)",
        )
        return None
    url, variable = _COMPATIBLE.get(provider, (None, "ANTHROPIC_API_KEY"))
    config = options.get("config")
    config = config if isinstance(config, dict) else {}
    label = options.get("label")
    name = label if isinstance(label, str) and label.strip() else options["id"]
    made: dict[str, Any] = {"name": name[:80], "model": model}
    if provider == "anthropic":
        made["provider"] = "anthropic"
    base = config.get("apiBaseUrl")
    if isinstance(config.get("apiHost"), str):
        base = f"https://{config['apiHost']}/v1"
    if isinstance(base, str) and base.strip():
        url = base
    if url is not None:
        made["base_url"] = url
    named = config.get("apiKeyEnvar")
    if isinstance(named, str) and _VARIABLE.fullmatch(named):
        variable = named
    if variable is not None:
        made["api_key_env"] = variable
    if "apiKey" in config:
        notes.add("left out", f"{where}.config.apiKey", f"a key never stands in a suite; set {variable}")
    return {**made, **_settings(config, where, notes)}


def _settings(config: Mapping[str, Any], where: str, notes: Notes) -> dict[str, Any]:
    made: dict[str, Any] = {}
    config = dict(config)
    for name in ("max_completion_tokens", "max_output_tokens"):
        config.setdefault("max_tokens", config.get(name))
    for name, (least, most) in _SETTINGS.items():
        value = config.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            notes.add("left out", f"{where}.config.{name}", f"{quoted(value)} is not from {least} to {most}")
        elif name == "max_tokens" and not isinstance(value, int):
            notes.add("left out", f"{where}.config.{name}", f"{quoted(value)} is no whole number")
        else:
            made[name] = value
    effort = config.get("reasoning_effort")
    if effort in ("minimal", "low", "medium", "high"):
        made["reasoning_effort"] = effort
        del config["reasoning_effort"]
    for name in config.keys() - _SETTINGS.keys() - _ELSEWHERE:
        notes.add("left out", f"{where}.config.{name}", "a suite has no such setting")
    return made
