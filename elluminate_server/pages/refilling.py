"""A form in a page of ours, filled with what was typed into it before, and with what is wrong with that.

This is done to the finished page, so that it holds for every form there is, and no template has to think of it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser

import attrs
from markupsafe import Markup, escape
from starlette.datastructures import FormData

from elluminate._markup import harmless
from elluminate_server.domain.shapes import SECRET_FIELDS

__all__ = ["Form", "Told", "refilled"]

_NEVER_FILLED = {"hidden", "password", "file", "submit"}
"""Inputs that stay as the page has them: tokens are new ones, secrets are never sent back, files cannot be."""


@attrs.frozen
class Told:
    """What is said of a form.

    Attributes:
        title: What became of it, in a few words.
        text: What is wrong, and the way out.
        field: The name of the field that it is about; None where it is about no single one.
    """

    title: str
    text: str
    field: str | None = None


@attrs.define
class _Element:
    """A start tag in the page: where it stands, and where its content ends."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    end: int
    content_end: int = 0

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""


@attrs.define
class Form:
    """A form of a page.

    Attributes:
        labels: What its fields are called there, by their names.
    """

    element: _Element
    around: Sequence[_Element]
    fields: list[_Element] = attrs.field(factory=list)
    labels: dict[str, str] = attrs.field(factory=dict)

    @property
    def has_fields(self) -> bool:
        """Whether there is anything to fill in."""
        return any(one.get("type") != "hidden" for one in self.fields)

    @property
    def takes_file(self) -> bool:
        """Whether a file is chosen in it."""
        return any(one.get("type") == "file" for one in self.fields)

    def likeness(self, sent: FormData) -> int:
        """How many of its hidden fields are as they were sent: forms with one action differ in these."""
        hidden = (one for one in self.fields if one.get("type") == "hidden")
        return sum(sent.get(one.get("name")) == one.get("value") for one in hidden)


class _Reader(HTMLParser):
    """Finds forms with their fields, options and labels, and where the content of the page begins."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._lines = [0, *(found.end() for found in re.finditer("\n", page))]
        self.forms: list[Form] = []
        self.main = 0
        self._open: list[_Element] = []
        self._labels: dict[str, str] = {}
        self._words: list[str] | None = None
        self._names: list[str] = []
        self.feed(page)
        self.close()
        for form in self.forms:
            for one in form.fields:
                if one.get("id") in self._labels:
                    form.labels.setdefault(one.get("name"), self._labels[one.get("id")])

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    @property
    def _form(self) -> Form | None:
        inside = self.forms and any(one is self.forms[-1].element for one in self._open)
        return self.forms[-1] if inside else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._place()
        one = _Element(tag, dict(attrs), start, start + len(self.get_starttag_text() or ""))
        if tag == "main":
            self.main = one.end
        elif tag == "form":
            around = [outer for outer in self._open if outer.tag == "details"]
            self.forms.append(Form(one, around))
            self._open.append(one)
        elif tag == "details":
            self._open.append(one)
        elif tag == "label":
            self._open.append(one)
            self._words, self._names = [], []
        elif tag in ("input", "select", "textarea", "option") and self._form is not None:
            self._form.fields.append(one)
            if tag in ("select", "textarea"):
                self._open.append(one)
            if self._words is not None and tag != "option":
                self._names.append(one.get("name"))

    def handle_data(self, data: str) -> None:
        if self._words is not None and not (self._open and self._open[-1].tag in ("select", "textarea")):
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not any(one.tag == tag for one in self._open):
            return
        closed = self._open.pop()
        while closed.tag != tag:
            closed = self._open.pop()
        closed.content_end = self._place()
        if tag == "label" and self._words is not None:
            words = _name_in("".join(self._words))
            if closed.get("for"):
                self._labels[closed.get("for")] = words
            elif self.forms:
                self.forms[-1].labels |= dict.fromkeys(self._names, words)
            self._words = None


def refilled(
    page: str, action: str, sent: FormData, told_of: Callable[[Mapping[str, str], bool], Told]
) -> str | None:
    """The page with one of its forms filled again.

    Args:
        page: HTML of these pages.
        action: Where the form is sent.
        sent: What was sent.
        told_of: Says what is wrong, given the names of the form's fields with what they are called, and whether a file
            is among them.

    Returns:
        The page; None where it has no such form.
    """
    found = _Reader(page)
    forms = [one for one in found.forms if one.element.get("action") == action]
    if not forms:
        return None
    form = max(forms, key=lambda one: one.likeness(sent))
    told = told_of(
        {one.get("name"): form.labels.get(one.get("name"), "") for one in form.fields}, form.takes_file
    )
    edits = _filled(form.fields, sent)
    wrong = next((one for one in form.fields if told.field and one.get("name") == told.field), None)
    if wrong is not None and wrong.get("type") != "hidden":
        about: dict[str, str | None] = {
            "aria-invalid": "true",
            "aria-describedby": "refused",
            "autofocus": None,
        }
        wrong.attributes |= about
        edits = [one for one in edits if one[0] != wrong.start]
        edits.append((wrong.start, wrong.end, _tag(wrong)))
    else:
        wrong = None
    for one in form.around:
        one.attributes["open"] = None
        edits.append((one.start, one.end, _tag(one)))
    focus = Markup("") if wrong is not None else Markup(' tabindex="-1" autofocus')
    notice = Markup('<p class="notice" role="alert" id="refused"{}><b class="wrong">{}.</b> {}</p>').format(
        focus, harmless(told.title), harmless(told.text)
    )
    at = form.element.end if form.has_fields else found.main
    edits.append((at, at, str(notice)))
    for start, end, text in sorted(edits, reverse=True):
        page = page[:start] + text + page[end:]
    return page.replace("<title>", f"<title>{escape(told.title)}: ", 1)


_Edit = tuple[int, int, str]


def _filled(fields: Sequence[_Element], sent: FormData) -> list[_Edit]:
    """What is to be put where in the page."""
    found: list[_Edit] = []
    select = ""
    for one in fields:
        name = one.get("name")
        if one.tag == "option":
            name = select
        elif one.tag == "select":
            select = name
        given = [value for value in sent.getlist(name) if isinstance(value, str)]
        if name in SECRET_FIELDS or one.get("type") in _NEVER_FILLED or one.tag == "select":
            continue
        if one.get("type") in ("checkbox", "radio"):
            _set(one, "checked", one.get("value") in given)
        elif not given:
            continue
        elif one.tag == "option":
            _set(one, "selected", one.get("value") in given)
        elif one.tag == "textarea":
            found.append((one.end, one.content_end, f"\n{_written(given[0])}"))
            continue
        else:
            one.attributes["value"] = given[0]
        found.append((one.start, one.end, _tag(one)))
    return found


def _set(one: _Element, name: str, is_set: bool) -> None:
    one.attributes.pop(name, None)
    if is_set:
        one.attributes[name] = None


def _tag(one: _Element) -> str:
    given = [
        name if value is None else f'{name}="{_written(value)}"' for name, value in one.attributes.items()
    ]
    return f"<{' '.join([one.tag, *given])}>"


def _written(text: str) -> str:
    """A text that is sent back as it came: what pages do not show otherwise is in a field of who typed it."""
    escaped = str(escape(text.replace("\r\n", "\n")))
    return "".join(one if harmless(one) == one else f"&#{ord(one)};" for one in escaped)


def _name_in(label: str) -> str:
    """What a field is called, without what a label says beside that.

    >>> _name_in("Epochs: how often each row is answered")
    'Epochs'
    >>> _name_in("Label (may be empty)")
    'Label'
    """
    return re.split(r"[:(]|, ", " ".join(label.split()))[0].strip()
