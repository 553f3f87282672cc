"""The tables, and who writes what.

- `api` writes everything that a request changes: projects, keys, templates, collections and their rows,
  criteria, LLM configs, experiments, uploaded responses, annotations, labels, idempotency keys. `http` writes its line
  of the audit log with it.
- `execution` writes what a run produces: prompts, responses, ratings, the state of `tasks` and `work_items`,
  log lines and cursors, and on an experiment its `generation_task_id`, `has_internal_error`, `started_at`,
  `finished_at`.
- An experiment's results are computed from `responses` and `ratings` whenever they are read; no total is
  stored.

What holds for all of them:

- Ids count up and are never used again (AUTOINCREMENT on SQLite), so an old id cannot name a new thing.
- `deleted_at` hides a row that results still refer to. Its name or identity is free again: the unique indexes
  cover only rows that are not deleted. What nothing refers to is deleted for real.
- `deleted_at` also hides the rows of an upload that is written in pieces, until all of them are there
  (`upload_id`).
- A prompt keeps the values and messages it was rendered with (`input_values`, `messages`), so that results
  stay what they were when a row is edited later.
- A criterion that has ratings or labels is never edited: the old version gets `superseded_at`, a new row takes its
  `position`.
- A verdict that is replaced goes to `earlier_ratings`: a trigger on `ratings` writes it there.
- A task's row owns its status. An experiment's `generation_task_id` names its running task and is NULL when
  there is none. Deleting an experiment sets its unfinished tasks to REVOKED and clears their `experiment_id`;
  whoever runs one has to check, in each of its write transactions, that it still holds the lease and the
  status is STARTED.
- Providers' keys (`llm_configs.api_key`, `custom_api_config`) are sealed, each for its place (`store.sealing`); they
  never leave the server. The server's own API keys are only stored as digests, under a pepper that is sealed.
"""

from elluminate_server.store.tables.audit import AuditEvent
from elluminate_server.store.tables.base import Base
from elluminate_server.store.tables.inputs import (
    Collection,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Entry,
    LLMConfig,
    Persona,
    PersonaGroup,
    PersonaGroupMember,
    PersonaVersion,
    PromptTemplate,
    RowUpload,
)
from elluminate_server.store.tables.labels import EarlierRating, Label
from elluminate_server.store.tables.projects import (
    ApiKey,
    IdempotencyKey,
    Organization,
    Project,
    ServerSecret,
)
from elluminate_server.store.tables.results import (
    AgentTask,
    Experiment,
    KeptCall,
    KeptResults,
    Prompt,
    Rating,
    Response,
)
from elluminate_server.store.tables.tasks import (
    IS_FLAWED,
    IS_FREE,
    CallPlaces,
    LogCursor,
    LogLine,
    Share,
    Task,
    WorkItem,
)

__all__ = [
    "IS_FLAWED",
    "IS_FREE",
    "AgentTask",
    "ApiKey",
    "AuditEvent",
    "Base",
    "CallPlaces",
    "Collection",
    "CollectionColumn",
    "Criterion",
    "CriterionSet",
    "EarlierRating",
    "Entry",
    "Experiment",
    "IdempotencyKey",
    "KeptCall",
    "KeptResults",
    "LLMConfig",
    "Label",
    "LogCursor",
    "LogLine",
    "Organization",
    "Persona",
    "PersonaGroup",
    "PersonaGroupMember",
    "PersonaVersion",
    "Project",
    "Prompt",
    "PromptTemplate",
    "Rating",
    "Response",
    "RowUpload",
    "ServerSecret",
    "Share",
    "Task",
    "WorkItem",
]
