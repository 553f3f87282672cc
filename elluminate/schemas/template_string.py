"""A text with placeholders, rendered by the rule of the backend."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from elluminate_api.types import one_line

from elluminate.exceptions import ValidationError


@frozen(repr=False)
class TemplateString:
    """A text with `{{placeholders}}`.

    Example:
        >>> TemplateString("Explain {{ topic }}.").render(topic="tides")
        'Explain tides.'
    """

    template_str: str

    __repr__ = one_line

    def __str__(self) -> str:
        return self.template_str

    @property
    def placeholders(self) -> set[str]:
        """Names of the placeholders."""
        return placeholders_of(self.template_str)

    @property
    def is_template(self) -> bool:
        """Whether there is a placeholder in it."""
        return bool(self.placeholders)

    def render(self, **kwargs: Any) -> str:
        """The text with every placeholder replaced, exactly as a run does it.

        Args:
            kwargs: Values by the placeholders' names.

        Returns:
            The text.

        Raises:
            ValidationError: A placeholder has no value, or the text gets larger than the backend allows.

        Example:
            >>> TemplateString("{{ n }} apples").render(n=3)
            '3 apples'
        """
        from elluminate_server.domain.errors import DomainError
        from elluminate_server.domain.rendering import render_text

        try:
            return render_text(self.template_str, kwargs)
        except DomainError as error:
            raise ValidationError(str(error)) from None


def placeholders_of(text: str) -> set[str]:
    """Names of the placeholders in a text."""
    from elluminate_server.domain.rendering import find_placeholders

    return set(find_placeholders(text))
