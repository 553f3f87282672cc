"""Every setting of the server, read from ELLUMINATE_* variables and checked at once."""

import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs
import platformdirs

from elluminate_server.domain.secret_key_texts import secret_key_texts
from elluminate_server.llm.addresses import check_address
from elluminate_server.llm.key_headers import fits_a_header
from elluminate_server.llm.local_model import LOCAL_MODEL, missing_packages
from elluminate_server.llm.model_config import MAX_CONNECTIONS
from elluminate_server.llm.providers import ModelDefaults
from elluminate_server.llm.reach import ALLOWING_VARIABLE, Reach
from elluminate_server.llm.types import MAX_MODEL_ANSWER_BYTES, ModelError

__all__ = ["MEMORY", "Settings", "SettingsError", "data_folder", "normalise_database_url"]

MEMORY = ":memory:"
"""Database that is gone when the server stops."""

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
LLM_PATIENCE = 60 * 60
RUN_TIME_LIMIT = 10 * 60 * 60
MAX_COLUMNS = 200
MAX_REQUEST_CELLS = 2_000_000
MAX_ANSWER_BYTES = 256 * 1024 * 1024
IDEMPOTENCY_LIFETIME = 24 * 60 * 60

_BROKERS = ("redis", "rediss", "amqp", "amqps")


class SettingsError(ValueError):
    """A setting cannot be used.

    Attributes:
        variable: Name of the environment variable that sets it.
    """

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable} {reason}")
        self.variable = variable


LOCAL_DATABASE = "local.db"
"""The database of `local:` in that folder."""


def data_folder() -> Path:
    """Where the databases of this user are that were given no path.

    Raises:
        SettingsError: The user has no home folder, as in a container that runs as any number.
    """
    try:
        return platformdirs.user_data_path("elluminate", appauthor=False)
    except RuntimeError:
        raise SettingsError(
            "HOME",
            "is not set and this user has no home folder, where the database would be. Set HOME or XDG_DATA_HOME to a "
            "folder that may be written, or name the database: local:PATH, or --database",
        ) from None


def is_data_folder(folder: Path) -> bool:
    """Whether it is `data_folder()`."""
    try:
        return folder.absolute() == data_folder().absolute()
    except SettingsError:
        return False


def is_default_database(url: str) -> bool:
    """Whether it is `default_database_url()`."""
    try:
        return url == default_database_url()
    except SettingsError:
        return False


def default_database_url() -> str:
    """SQLite file in the user's data directory.

    Raises:
        SettingsError: See `data_folder`.
    """
    return f"sqlite+aiosqlite:///{(data_folder() / 'elluminate.db').as_posix()}"


def normalise_database_url(value: str) -> str:
    """The SQLAlchemy URL, with its asynchronous driver, of a URL or a path.

    Args:
        value: `sqlite:///file.db`, `postgresql://user@host/name`, a path of an SQLite file, or `:memory:`.

    Raises:
        SettingsError: The URL names a database that is not supported.

    >>> normalise_database_url("postgres://db.example/evals")
    'postgresql+psycopg://db.example/evals'
    >>> normalise_database_url("evals.db")
    'sqlite+aiosqlite:///evals.db'
    """
    text = value.strip()
    if not text:
        raise SettingsError("ELLUMINATE_DATABASE_URL", "is empty. Give a path or a URL, or unset it.")
    if text in {MEMORY, "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite:///:memory:"}:
        return MEMORY
    if text.startswith(MEMORY):
        raise SettingsError(
            "ELLUMINATE_DATABASE_URL",
            f"is {text!r}: only `local:` addresses name databases in memory. Say {MEMORY}.",
        )
    scheme, separator, rest = text.partition("://")
    if not separator:
        return f"sqlite+aiosqlite:///{Path(text).expanduser().as_posix()}"
    match scheme.lower():
        case "sqlite" | "sqlite+aiosqlite":
            return f"sqlite+aiosqlite://{rest}"
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return f"postgresql+psycopg://{rest}"
    # The rest of a URL may hold a password, so that only its scheme is repeated.
    raise SettingsError(
        "ELLUMINATE_DATABASE_URL",
        f"has the scheme {scheme!r}. Use sqlite:///path/to/file.db or postgresql://user@host/name.",
    )


def _bounded(variable: str, low: float, high: float) -> Any:
    def check(_instance: object, _attribute: object, value: float) -> None:
        if not low <= value <= high:
            raise SettingsError(variable, f"is {value}; it must be between {low} and {high}.")

    return check


def _optional(variable: str, low: float, high: float) -> Any:
    return attrs.field(default=None, validator=attrs.validators.optional(_bounded(variable, low, high)))


def _api_key(_instance: object, _attribute: object, value: str | None) -> None:
    # A key travels in a header: RFC 9110 allows visible ASCII there without quoting rules.
    if value is not None and not re.fullmatch(r"[\x21-\x7e]{8,512}", value):
        raise SettingsError(
            "ELLUMINATE_API_KEY",
            "must be 8 to 512 visible ASCII characters without blanks (value not shown).",
        )


def _secret_key(_instance: object, attribute: Any, value: str | None) -> None:
    try:
        secret_key_texts(value or "")
    except ValueError as error:
        raise SettingsError(_variable(attribute.name), str(error)) from None


def _endpoint(_instance: object, attribute: Any, value: str | None) -> None:
    if value:
        variable = _variable(attribute.name)
        try:
            check_address(value, key_goes_to=variable.replace("_BASE_URL", "_API_KEY"))
        except ModelError as error:
            raise SettingsError(variable, f"cannot be used. {error}") from None


def _model_key(_instance: object, attribute: Any, value: str | None) -> None:
    if value is not None and not fits_a_header(value):
        raise SettingsError(
            _variable(attribute.name),
            "cannot be sent: it holds blanks, line breaks or characters that are not ASCII (value not shown). Copy it "
            "again.",
        )


def _broker(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None and value.partition("://")[0] not in _BROKERS:
        # The rest of a URL may hold a password.
        raise SettingsError(
            "ELLUMINATE_BROKER_URL",
            f"has the scheme {value.partition(':')[0]!r}. Use redis://host:6379/0 or amqp://user@host// (RabbitMQ).",
        )


def _queue(_instance: object, _attribute: object, value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", value):
        raise SettingsError(
            "ELLUMINATE_QUEUE", f"is {value!r}; it must be 1 to 100 letters, digits, '_', '.' and '-'."
        )


def _without_blanks(value: str) -> str:
    return "".join(value.split())


def _hosts(_instance: object, _attribute: object, value: str) -> None:
    for name in value.split(",") if value else ():
        if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,253}", name) or re.fullmatch(r"[^:]*:[0-9]+", name):
            raise SettingsError(
                "ELLUMINATE_HOSTS",
                f"has {name!r}; it must be names or addresses without ports, separated by commas: "
                "evals.example,10.0.0.7.",
            )


def _variable(field: str) -> str:
    return f"ELLUMINATE_{field.upper()}"


@attrs.frozen(kw_only=True)
class Settings:
    """How one server runs.

    Attributes:
        database_url: See `normalise_database_url`; an SQLite file in the user's data directory unless given.
        api_key: Key of the default project; stored as a digest. None leaves the stored keys alone.
        process_key: Key that opens the default project for this process only; never stored.
        secret_key: What seals the secrets in the database; several with commas between them: the first one seals, the
            others still open. None for a key in a file beside the database.
        upgrade_database: Bring the database of an older version up to date at the start, after a copy; else the
            server refuses it. For `local:` only, where there is nobody to do it.
        serves_this_machine_only: Whether it listens on a loopback address alone: its users are at this machine, and
            may name model endpoints there and in its network.
        allow_private_endpoints: Which other places they may name: see `llm.reach.Reach.of`.
        broker_url: Broker of Celery, through which workers are told of tasks; None where they look for themselves.
        queue: Its queue.
        works: Whether this process runs tasks; one that does not serves requests alone.
        shares_work: Whether it shares them with others on the same database, which have to be configured alike.
        concurrency: Most test cases at a time that it answers and rates, of all runs, 1 to 10,000; None for as many as
            the models take.
        llm_base_url: OpenAI-compatible endpoint of the default model.
        llm_model: Its name there.
        llm_api_key: Its key.
        judge_base_url: Endpoint of the judge; the default model's unless given.
        judge_model: The judge's name there.
        judge_api_key: Its key.
        llm_timeout: Seconds that one attempt to call it may take, from its sending, 1 to 36,000; 120 unless given.
        llm_max_retries: Further attempts after a failure that may pass, 0 to 100; 5 unless given. Load and outages are
            waited for instead.
        llm_max_connections: Most calls at a time to it, 1 to 1000; `max_concurrent_calls` unless given.
        llm_temperature: Its temperature, 0 to 2; the endpoint's unless given.
        llm_max_tokens: Most tokens of its answers, thinking included, up to 1,000,000; 0, as where none is given, asks
            for no limit.
        llm_input_price_per_mtok: US dollars for a million tokens of its prompts; what its provider publishes, where
            that is known, unless given.
        llm_output_price_per_mtok: The same of its answers.
        llm_patience: Seconds that a run waits for an endpoint that refuses calls for load, or is away, up to
            10,000,000; an hour unless given.
        judge_timeout: As `llm_timeout`, of the judge; the default model's unless given.
        judge_max_retries: As `llm_max_retries`, of the judge; the default model's unless given.
        judge_max_connections: As `llm_max_connections`, of the judge; the default model's unless given.
        judge_temperature: The judge's temperature, 0 to 2; 0 unless given, for models that take one.
        judge_max_tokens: As `llm_max_tokens`, of the judge.
        judge_input_price_per_mtok: As `llm_input_price_per_mtok`, of the judge; the default model's where that judges.
        judge_output_price_per_mtok: The same of its answers.
        llm_max_answer_bytes: Most bytes of a model's answer that are read, packed and unpacked; 16 MB unless given.
        page_size: Items of a page of a list, 1 to 1000.
        response_page_size: Items of a page of responses, 1 to 1000.
        max_body_bytes: Largest request body, in bytes.
        max_head_bytes: Longest request line with its headers, and longest trailers of a body, in bytes.
        head_time_limit: Seconds in which a client has to complete them.
        body_time_limit: Longest pause of a client in a body, in seconds; it has as long for the whole body, and a
            second more for every 1,000 bytes.
        answer_time_limit: Longest pause of a client in reading an answer, in seconds.
        max_connections: Most connections at a time; further ones wait until one of them ends.
        max_answer_bytes: Largest answer that shows a collection's rows all at once, in bytes.
        max_columns: Most columns of a collection, 1 to 10,000; one that has more keeps them, and gets no further ones.
        max_request_cells: Most cells, rows times columns, that one request may add to a collection; a row counts as 4
            at least.
        idempotency_lifetime: Seconds for which a repeated request gets the first answer again, 60 to 30 days; 24 hours
            unless given.
        max_concurrent_calls: Most calls at a time to each of the server's own models, 1 to 10,000; 32 unless given. An
            endpoint that takes fewer is given fewer.
        max_conversation_turns: Most answers of the model in a conversation of a multi-turn experiment, 1 to 1000.
        run_time_limit: Seconds after which a run ends as TIMEOUT; 10 hours unless given.
        metrics: Whether `/metrics` tells what the server does, to everybody who reaches it.
        pages: Whether it shows pages to browsers, too, or the API alone.
        hosts: Names, without ports and separated by commas, under which browsers reach it; empty for any, but on a
            loopback address only that of this machine.

    Raises:
        SettingsError: A value cannot be used; names the variable and the value.
    """

    database_url: str = attrs.field(
        factory=default_database_url, converter=normalise_database_url, repr=False
    )
    api_key: str | None = attrs.field(default=None, repr=False, validator=_api_key)
    process_key: str | None = attrs.field(default=None, repr=False)
    secret_key: str | None = attrs.field(default=None, repr=False, validator=_secret_key)
    upgrade_database: bool = False
    serves_this_machine_only: bool = False
    allow_private_endpoints: str = ""
    broker_url: str | None = attrs.field(default=None, repr=False, validator=_broker)
    queue: str = attrs.field(default="elluminate", validator=_queue)
    works: bool = True
    shares_work: bool = False
    concurrency: int | None = _optional("--concurrency", 1, 10_000)
    llm_base_url: str | None = attrs.field(default=None, validator=_endpoint)
    llm_model: str | None = None
    llm_api_key: str | None = attrs.field(default=None, repr=False, validator=_model_key)
    llm_timeout: float | None = _optional("ELLUMINATE_LLM_TIMEOUT", 1, 36_000)
    llm_max_retries: int | None = _optional("ELLUMINATE_LLM_MAX_RETRIES", 0, 100)
    llm_max_connections: int | None = _optional("ELLUMINATE_LLM_MAX_CONNECTIONS", 1, 1000)
    llm_temperature: float | None = _optional("ELLUMINATE_LLM_TEMPERATURE", 0, 2)
    llm_max_tokens: int = attrs.field(
        default=0, validator=_bounded("ELLUMINATE_LLM_MAX_TOKENS", 0, 1_000_000)
    )
    llm_input_price_per_mtok: float | None = _optional("ELLUMINATE_LLM_INPUT_PRICE_PER_MTOK", 0, 1_000_000)
    llm_output_price_per_mtok: float | None = _optional("ELLUMINATE_LLM_OUTPUT_PRICE_PER_MTOK", 0, 1_000_000)
    llm_patience: float = attrs.field(
        default=float(LLM_PATIENCE), validator=_bounded("ELLUMINATE_LLM_PATIENCE", 0, 10_000_000)
    )
    judge_base_url: str | None = attrs.field(default=None, validator=_endpoint)
    judge_model: str | None = None
    judge_api_key: str | None = attrs.field(default=None, repr=False, validator=_model_key)
    judge_timeout: float | None = _optional("ELLUMINATE_JUDGE_TIMEOUT", 1, 36_000)
    judge_max_retries: int | None = _optional("ELLUMINATE_JUDGE_MAX_RETRIES", 0, 100)
    judge_max_connections: int | None = _optional("ELLUMINATE_JUDGE_MAX_CONNECTIONS", 1, 1000)
    judge_temperature: float | None = _optional("ELLUMINATE_JUDGE_TEMPERATURE", 0, 2)
    judge_max_tokens: int = attrs.field(
        default=0, validator=_bounded("ELLUMINATE_JUDGE_MAX_TOKENS", 0, 1_000_000)
    )
    judge_input_price_per_mtok: float | None = _optional(
        "ELLUMINATE_JUDGE_INPUT_PRICE_PER_MTOK", 0, 1_000_000
    )
    judge_output_price_per_mtok: float | None = _optional(
        "ELLUMINATE_JUDGE_OUTPUT_PRICE_PER_MTOK", 0, 1_000_000
    )
    llm_max_answer_bytes: int = attrs.field(
        default=MAX_MODEL_ANSWER_BYTES, validator=_bounded("ELLUMINATE_LLM_MAX_ANSWER_BYTES", 1024, 1 << 31)
    )
    page_size: int = attrs.field(default=100, validator=_bounded("ELLUMINATE_PAGE_SIZE", 1, 1000))
    response_page_size: int = attrs.field(
        default=500, validator=_bounded("ELLUMINATE_RESPONSE_PAGE_SIZE", 1, 1000)
    )
    max_body_bytes: int = attrs.field(
        default=MAX_BODY_BYTES, validator=_bounded("ELLUMINATE_MAX_BODY_BYTES", 1024, 1 << 40)
    )
    max_head_bytes: int = attrs.field(
        default=MAX_HEAD_BYTES, validator=_bounded("ELLUMINATE_MAX_HEAD_BYTES", 1024, 1 << 24)
    )
    head_time_limit: float = attrs.field(
        default=20.0, validator=_bounded("ELLUMINATE_HEAD_TIME_LIMIT", 0.1, 86_400)
    )
    body_time_limit: float = attrs.field(
        default=30.0, validator=_bounded("ELLUMINATE_BODY_TIME_LIMIT", 0.1, 86_400)
    )
    answer_time_limit: float = attrs.field(
        default=60.0, validator=_bounded("ELLUMINATE_ANSWER_TIME_LIMIT", 0.1, 86_400)
    )
    max_connections: int = attrs.field(
        default=1000, validator=_bounded("ELLUMINATE_MAX_CONNECTIONS", 1, 1_000_000)
    )
    max_answer_bytes: int = attrs.field(
        default=MAX_ANSWER_BYTES, validator=_bounded("ELLUMINATE_MAX_ANSWER_BYTES", 1024, 1 << 40)
    )
    max_columns: int = attrs.field(
        default=MAX_COLUMNS, validator=_bounded("ELLUMINATE_MAX_COLUMNS", 1, 10_000)
    )
    max_request_cells: int = attrs.field(
        default=MAX_REQUEST_CELLS, validator=_bounded("ELLUMINATE_MAX_REQUEST_CELLS", 1000, 1 << 40)
    )
    idempotency_lifetime: float = attrs.field(
        default=float(IDEMPOTENCY_LIFETIME),
        validator=_bounded("ELLUMINATE_IDEMPOTENCY_LIFETIME", 60, 30 * 24 * 60 * 60),
    )
    max_concurrent_calls: int = attrs.field(
        default=MAX_CONNECTIONS, validator=_bounded("ELLUMINATE_MAX_CONCURRENT_CALLS", 1, 10_000)
    )
    max_conversation_turns: int = attrs.field(
        default=10, validator=_bounded("ELLUMINATE_MAX_CONVERSATION_TURNS", 1, 1000)
    )
    run_time_limit: float = attrs.field(
        default=float(RUN_TIME_LIMIT), validator=_bounded("ELLUMINATE_RUN_TIME_LIMIT", 1, 10_000_000)
    )
    metrics: bool = False
    pages: bool = True
    hosts: str = attrs.field(default="", converter=_without_blanks, validator=_hosts)

    def __attrs_post_init__(self) -> None:
        self.model_defaults()
        self.reach()

    def reach(self) -> Reach:
        """Which places are asked as model endpoints, for `llm.providers.Models`.

        Raises:
            SettingsError: What is allowed cannot be read.
        """
        try:
            return Reach.of(
                self.allow_private_endpoints,
                is_private_usual=self.serves_this_machine_only,
                own=[url for url in (self.llm_base_url, self.judge_base_url) if url],
            )
        except ValueError as error:
            raise SettingsError(ALLOWING_VARIABLE, f"{error}.") from None

    def marks_secret(self) -> bytes | None:
        """What the marks in judges' prompts are made from, for `llm.providers.Models`; None without a secret key.

        The same for all processes that have the key, so that providers' prompt caches serve them together.
        """
        if self.secret_key is None:
            return None
        newest = secret_key_texts(self.secret_key)[0]
        return hmac.digest(newest.encode(), b"marks in judges' prompts", "sha256")

    def model_defaults(self) -> ModelDefaults:
        """The server's own models, for `llm.providers.Models`.

        Raises:
            SettingsError: An endpoint without a model name, or the reverse.
        """
        for name in ("llm", "judge"):
            model, base_url = getattr(self, f"{name}_model"), getattr(self, f"{name}_base_url")
            if model == LOCAL_MODEL and base_url is None and (missing := missing_packages()):
                raise SettingsError(
                    f"ELLUMINATE_{name.upper()}_MODEL",
                    f"is {LOCAL_MODEL!r}, which needs {' and '.join(missing)}: install elluminate-open with its extra "
                    '"local-llm" (in a checkout: pip install ".[local-llm]").',
                )
        try:
            return ModelDefaults(
                base_url=self.llm_base_url,
                model=self.llm_model,
                api_key=self.llm_api_key,
                judge_base_url=self.judge_base_url,
                judge_model=self.judge_model,
                judge_api_key=self.judge_api_key,
                sampling=self._sampling("llm"),
                judge_sampling=self._sampling("judge"),
            )
        except ValueError as error:
            raise SettingsError("ELLUMINATE_LLM_* / ELLUMINATE_JUDGE_*:", str(error)) from error

    def _sampling(self, whose: str) -> dict[str, Any]:
        """How one of the server's own models is asked, by the fields of a `ModelConfig`; None where nothing is said."""
        most = self.llm_max_connections or self.max_concurrent_calls
        return {
            "timeout": getattr(self, f"{whose}_timeout"),
            "max_retries": getattr(self, f"{whose}_max_retries"),
            "max_connections": getattr(self, f"{whose}_max_connections") or most,
            "temperature": getattr(self, f"{whose}_temperature"),
            "max_tokens": getattr(self, f"{whose}_max_tokens") or None,
            "input_price_per_mtok": getattr(self, f"{whose}_input_price_per_mtok"),
            "output_price_per_mtok": getattr(self, f"{whose}_output_price_per_mtok"),
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Settings from ELLUMINATE_* variables.

        Args:
            environment: Variables; those of the process unless given. Empty ones count as unset.
            overrides: Fields that win over the variables; None counts as not given.

        Raises:
            SettingsError: A value cannot be used.
        """
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for field in attrs.fields(cls):
            if field.name in _OF_THIS_PROCESS:
                continue
            variable = _variable(field.name)
            text = source.get(variable, "").strip()
            if text:
                values[field.name] = _parsed(variable, text, field.type)
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)


_OF_THIS_PROCESS = frozenset(
    {
        "process_key",
        "upgrade_database",
        "serves_this_machine_only",
        "works",
        "shares_work",
        "concurrency",
    }
)
"""Never taken from the environment."""


_NUMBERS: Mapping[Any, Any] = {int: int, float: float, int | None: int, float | None: float}


_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _parsed(variable: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in _TRUTHS:
            raise SettingsError(variable, f"is {text!r}; it must be true or false.")
        return _TRUTHS[text.lower()]
    kind = _NUMBERS.get(kind)
    if kind is None:
        return text
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(variable, f"is {text!r}; it must be {wanted}.") from None
