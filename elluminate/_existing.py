"""What exists under a name and lacks what it would have been created with: told, with both values and the way out.

What is there beyond that is no news: things grow after they were made.
"""

from __future__ import annotations

import json
import urllib.parse
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate._warnings import warn_caller
from elluminate.checks import from_mapping
from elluminate.exceptions import ExistingDiffersWarning, ValidationError

_CHANGES = {
    "collection": "collection.update() changes it",
    "criterion set": "criterion_set.add_criteria() adds criteria, criterion.update() changes one",
    "LLM config": "a config is not changed: delete_llm_config() frees its name",
    "persona": "update_persona() makes its next version",
    "persona group": "update_persona_group() changes it",
    "scenario set": "update_scenario_set() changes it",
}
"""The way out by kind of thing."""

_CHANGES_OF_FIELDS = {
    "variables": (
        "collection.add_many(rows, skip_existing=True) adds rows, "
        "collection.add_many(rows, key=…) corrects them, too"
    ),
    "columns": "collection.update(columns=…) changes columns",
    "fields": "scenario_set.add_field() adds fields",
}
"""The way out for what a thing consists of."""

_HIDDEN = frozenset({"api_key", "custom_api_config", "custom_response_parser", "environment_config"})
"""What may hold a secret: that it differs is told, and no value of it."""

_MASK = "****"
_LONGEST, _MOST = 80, 3

_UNKNOWN = object()


def warn_of_differences(what: str, name: str, given: Mapping[str, Any], existing: Any) -> None:
    """Warn when something that was given is not there, or differs from what is.

    Args:
        what: Kind of thing, as in "LLM config".
        name: Its name.
        given: What callers gave to create it with; what is None counts as not given.
        existing: What is there.
    """
    told = {
        field: difference
        for field, wanted in given.items()
        if wanted is not None and (difference := _difference_at_all(field, wanted, given, existing))
    }
    if told:
        ways_out = dict.fromkeys(_CHANGES_OF_FIELDS.get(field, _CHANGES[what]) for field in told)
        warn_caller(
            f"{what} {name!r} exists already and was returned as it is, which is not what `defaults` say: "
            f"{'; '.join(told.values())}. {'; '.join(ways_out)}; or take another name.",
            ExistingDiffersWarning,
        )


def _difference_at_all(field: str, wanted: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    try:
        return _difference(field, wanted, given, existing)
    except RecursionError:
        return f"{field}: nested too deeply to be compared"


def _difference(field: str, wanted: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    there = getattr(existing, field, _UNKNOWN)
    if there is _UNKNOWN:
        return None
    if field == "inference_type" and given.get("provider"):
        return None  # the provider decides
    compare = _OF_FIELDS.get(field)
    if compare is not None:
        said = compare(wanted, there, given, existing)
        return said and f"{field}: {said}"
    if _is_same(wanted, there):
        return None
    if field in _HIDDEN:
        return f"{field}: another one (values not shown)"
    return f"{field}: {_both(wanted, there)}"


def _is_same(wanted: Any, there: Any) -> bool:
    """Whether a server that fills in what was left out would show what was given so."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            key in there and _is_same(value, there[key]) for key, value in wanted.items()
        )
    if there is None:
        return wanted is False or wanted == ""
    if isinstance(wanted, str) and isinstance(there, str):
        return wanted.strip() == there.strip()
    return bool(wanted == there)


def _both(wanted: Any, there: Any) -> str:
    start = 0
    if isinstance(wanted, str) and isinstance(there, str):
        # Of long texts that begin alike, where they begin to differ.
        length = min(len(wanted), len(there))
        alike = next((place for place in range(length) if wanted[place] != there[place]), length)
        start = max(0, alike - _LONGEST // 4)
    return f"{_shown(wanted, start)} was given, {_shown(there, start)} is there"


def _shown(value: Any, start: int = 0) -> str:
    if isinstance(value, str):
        # Not as a member of an enum, but as it is written.
        text = str(value)
        cut = text[start : start + _LONGEST]
        return f"{'…' if start else ''}{cut!r}{'…' if len(text) > start + _LONGEST else ''}"
    text = quoted(value, _LONGEST + 1)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def is_another_key(wanted: Any, there: Any) -> bool:
    """Whether a key is not the one that is read back masked, as far as that can be seen: by its last characters."""
    end = there.removeprefix(_MASK) if isinstance(there, str) and there.startswith(_MASK) else ""
    return len(end) == len(_MASK) and isinstance(wanted, str) and not wanted.endswith(end)


def _api_key(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    return "another one (values not shown)" if is_another_key(wanted, there) else None


def _custom_api_config(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    """What a custom API is asked with; what may be a secret in it is read back masked, as a key is."""
    return None if _is_as_shown(wanted, there) else "another one (values not shown)"


def _is_as_shown(wanted: Any, there: Any) -> bool:
    """As `_is_same`, of what is shown with secrets masked: what the mask leaves has to be the same."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        return all(name in there and _is_as_shown(value, there[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(there, list):
        return len(wanted) == len(there) and all(map(_is_as_shown, wanted, there))
    if isinstance(wanted, str) and isinstance(there, str) and _MASK in there:
        before, _, after = there.partition(_MASK)
        return wanted.startswith(before) and wanted.endswith(after)
    return _is_same(wanted, there)


def _base_url(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    if not isinstance(wanted, str):
        return None
    if wanted.strip().rstrip("/") == (there or "").strip().rstrip("/"):
        return None
    shown = [_without_secrets(url) for url in (wanted, there or "")]
    return "another one (values not shown)" if shown[0] == shown[1] else _both(shown[0], shown[1] or None)


def _without_secrets(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "an address that cannot be read"


def _variables(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    rows = _list(wanted)
    if not all(isinstance(row, Mapping) for row in rows):
        return None
    names = list(dict.fromkeys(name for row in rows for name in row))
    defaults = {column.name: _cell(column.default_value) for column in existing.columns}

    def form(row: Mapping[str, Any]) -> Hashable:
        cells = [_cell(row.get(name)) for name in names]
        return tuple(
            "" if cell == defaults.get(name, "") else cell for name, cell in zip(names, cells, strict=True)
        )

    wanted_rows = Counter(map(form, rows))
    stored_rows = Counter(form(row.input_values) for row in there)
    lacking = (wanted_rows - stored_rows).total()
    if not lacking:
        return None
    first = next(row for row in rows if wanted_rows[form(row)] > stored_rows[form(row)])
    return f"{lacking} of {len(rows)} rows that were given not there, as {_shown(dict(first))}"


def _cell(value: Any) -> str:
    """A cell in one form, in whichever a server stores it."""
    if hasattr(value, "to_uce_dict"):
        value = value.to_uce_dict()
    if isinstance(value, str):
        text = value.strip()
        if text[:1] not in ("{", "["):
            return text.lower() if text in ("True", "False") else text
        try:
            value = json.loads(text)
        except ValueError:
            return text
    if value is None:
        return ""
    if isinstance(value, Mapping):  # a conversation is stored with its version, and without what is unset
        value = {key: inner for key, inner in value.items() if inner is not None and key != "schema_version"}
    return json.dumps(value, sort_keys=True, default=str)


def _columns(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    stored = {column.name: column for column in there}
    declared = {
        column if isinstance(column, str) else getattr(column, "name", None): column
        for column in _list(wanted)
    }
    said = [_lacking(declared, stored)]
    for name, column in declared.items():
        if name is None or name not in stored or isinstance(column, str):
            continue
        for part in ("column_type", "default_value"):
            value, other = getattr(column, part, None), getattr(stored[name], part)
            if value and not _is_same(value, other):
                said.append(f"{part} of {name!r}: {_both(value, other)}")
        said.append(_categories(name, column, stored[name]))
    return ", ".join(filter(None, said)) or None


def _categories(name: str, column: Any, stored: Any) -> str | None:
    lacking = _lacking(_list(getattr(column, "categorical_values", None)), _list(stored.categorical_values))
    return lacking and f"categorical_values of {name!r}: {lacking}"


def _criteria(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    if there is None:
        return None
    # What is for one row is not made with a set.
    stored = {one.criterion_str.strip(): one.label for one in there if one.template_variables is None}
    given_ones = [_check(one) if isinstance(one, Mapping) else one for one in _list(wanted)]
    texts = {
        (one if isinstance(one, str) else getattr(one, "criterion_str", "")).strip(): getattr(
            one, "label", None
        )
        for one in given_ones
    }
    said = [_lacking(texts, stored)]
    for text, label in texts.items():
        if label and text in stored and label != stored[text]:
            said.append(f"the label of {_shown(text)}: {_both(label, stored[text])}")
    return ", ".join(filter(None, said)) or None


def _check(given: Mapping[str, Any]) -> Any:
    """A check that is given as a mapping, as far as it is one."""
    try:
        return from_mapping(given)
    except ValidationError:
        return given


def _fields(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    return _lacking(_list(wanted), [field.name for field in there])


def _personas(wanted: Any, there: Any, given: Mapping[str, Any], existing: Any) -> str | None:
    names = {getattr(one, "id", None): getattr(one, "name", None) for one in [*_list(wanted), *there]}
    ids, stored = [getattr(one, "id", None) for one in _list(wanted)], [one.id for one in there]
    return _lacking(ids, stored, names.get)


def _lacking(
    wanted: Iterable[Any], there: Iterable[Any], name: Callable[[Any], Any] = lambda member: member
) -> str | None:
    """What was given and is not there, whatever the order."""
    stored = list(there)
    lacking = [name(member) for member in wanted if member not in stored]
    return f"{_listed(lacking)} given and not there" if lacking else None


def _listed(members: Sequence[Any]) -> str:
    more = f" and {len(members) - _MOST} more" if len(members) > _MOST else ""
    return ", ".join(_shown(member) for member in members[:_MOST]) + more


def _list(value: Any) -> list[Any]:
    """What was given, as far as it is a list: what exists is returned whatever the defaults are."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


_OF_FIELDS: dict[str, Callable[[Any, Any, Mapping[str, Any], Any], str | None]] = {
    "api_key": _api_key,
    "custom_api_config": _custom_api_config,
    "llm_base_url": _base_url,
    "variables": _variables,
    "columns": _columns,
    "criteria": _criteria,
    "fields": _fields,
    "personas": _personas,
}
