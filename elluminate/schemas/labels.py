"""Labels as a list that can be written to a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from elluminate_api.models import Label

from elluminate._exports import Exports
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks, cell_of
from elluminate._tables import html_table

__all__ = ["Labels"]


class Labels(ShownInNotebooks, Exports, list[Label]):
    """What people said, as a list.

    Example:
        >>> client.list_labels(experiment).to_csv("labels.csv")
    """

    def __init__(self, labels: Iterable[Label] = ()) -> None:
        super().__init__(labels)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict per label.

        Returns:
            Dicts with `response_id`, `criterion_id`, `label`, `reason`, and who gave it when.

        Example:
            >>> client.list_labels(experiment).to_dicts()
            []
        """
        return [
            {
                "response_id": one.response_id,
                "criterion_id": one.criterion_id,
                "label": one.value.value,
                "reason": one.reason,
                "key_name": one.key_name,
                "created_at": one.created_at.isoformat(),
                "superseded_at": None if one.superseded_at is None else one.superseded_at.isoformat(),
                "experiment_id": one.experiment_id,
                "label_id": one.id,
            }
            for one in self
        ]

    def _of_none(self) -> list[str]:
        return ["response_id", "criterion_id", "label", "reason"]

    def __repr__(self) -> str:
        return f"<{len(self)} {'label' if len(self) == 1 else 'labels'}>"

    def _tables(self) -> Iterator[str]:
        head = ["response", "criterion", "label", "reason", "by"]
        rows = [
            [str(one.response_id), str(one.criterion_id), one.value.value, cell_of(one.reason), one.key_name]
            for one in self[:MOST_SHOWN]
        ]
        yield html_table(repr(self).strip("<>"), head, rows, most=MOST_SHOWN, total=len(self))
