"""Labels: what people say of responses."""

from __future__ import annotations

from elluminate_api.models import Label

from elluminate._checks import checked_choice
from elluminate._lookup import given_id
from elluminate._operations.comparisons import ComparisonOperations
from elluminate._row_files import FilePath
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.label_files import labels_from_csv
from elluminate.schemas.labelling import labels_of, put_labels, withdraw
from elluminate.schemas.labels import Labels
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse


class LabelOperations(ComparisonOperations):
    """Operations on labels, which the hosted platform does not keep."""

    async def list_labels(
        self,
        experiment: Experiment | int | str | None = None,
        *,
        response: PromptResponse | int | None = None,
        criterion: Criterion | int | None = None,
        criterion_set: CriterionSet | int | None = None,
        mine: bool = False,
        earlier: bool = False,
    ) -> Labels:
        """What people said, of all experiments or of those that fit every argument given.

        Args:
            experiment: Of the responses of this experiment: an object, its id, or its name.
            response: Of this response, or the one of this id.
            criterion: By this criterion, or the one of this id.
            criterion_set: By criteria of this set, or the one of this id.
            mine: Only those of this client's key.
            earlier: Those, too, that were replaced or withdrawn; they have `superseded_at`.

        Returns:
            Labels in the order in which they were given; `to_csv()` writes them to a file that `import_labels()` takes.

        Raises:
            NotSupportedError: The server keeps none: only `elluminate_server` does.
            NotFoundError: There is no experiment of a given name.
            ValidationError: An argument cannot be used.

        Example:
            >>> for label in client.list_labels(experiment):
            ...     print(label.response_id, label.criterion_id, label.value, label.key_name)
        """
        checked_choice(mine, "mine")
        checked_choice(earlier, "earlier")
        ids = {
            f"{name}_id": None if given is None else given_id(given, kind, name)
            for name, given, kind in (
                ("response", response, PromptResponse),
                ("criterion", criterion, Criterion),
                ("criterion_set", criterion_set, CriterionSet),
            )
        }
        if isinstance(experiment, str):
            experiment = await self.get_experiment(name=experiment, fetch_responses=False)
        of = None if experiment is None else given_id(experiment, Experiment, "experiment")
        return Labels(await labels_of(self.session, experiment_id=of, mine=mine, earlier=earlier, **ids))

    async def import_labels(self, path: FilePath, delimiter: str = ",") -> Labels:
        """Give the labels of a CSV file: one of `list_labels()`, or of `next_to_label()` that somebody filled in.

        Its columns are `response_id`, `criterion_id`, `label` (YES, NO or UNSURE, in any case) and `reason`; others do
        not matter, and a row whose label is empty is left out. All labels become those of this client's key. A label
        that is there already stays as it is, so that a file may be imported again.

        Args:
            path: The file, in UTF-8.
            delimiter: What separates its cells.

        Returns:
            The labels, in the order of the file.

        Raises:
            ValidationError: Rows cannot be used: each is told with its line, and nothing is sent. Or the server refuses
                a label; of the thousand that it was sent with none is stored.
            NotFoundError: There is no response of an id.
            PermissionDeniedError: This client's key is a reader.
            NotSupportedError: The server keeps none: only `elluminate_server` does.
            OSError: The file cannot be read.

        Example:
            >>> experiment.next_to_label(2).to_csv("to_label.csv")
            >>> len(client.import_labels("to_label.csv"))  # nobody has filled it in
            0
        """
        return Labels(await put_labels(self.session, labels_from_csv(path, delimiter)))

    async def delete_label(self, label: Label | int) -> None:
        """Withdraw a label of this client's key; an admin may withdraw any.

        It does not count any more; that it was given is kept (`list_labels(earlier=True)`).

        Args:
            label: The label, or its id.

        Raises:
            NotFoundError: It was replaced or withdrawn already.
            PermissionDeniedError: It is another key's, and this one is no admin.

        Example:
            >>> label = experiment.responses()[0].ratings[0].label("NO")
            >>> client.delete_label(label)
        """
        await withdraw(self.session, given_id(label, Label, "label"))
