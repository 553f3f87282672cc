"""Evaluate prompts: a template times test cases times a model, judged against yes/no criteria.

    from elluminate import Client

    client = Client()  # ELLUMINATE_BASE_URL=local: needs no account
    template = client.create_prompt_template("Explain", template="Explain {{concept}} in one sentence.")
    collection = client.create_collection("Concepts", variables=[{"concept": "recursion"}])
    experiment = client.run_experiment("First try", template, collection, criteria=["Is it correct?"])
    experiment.print_results_summary()

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate._retries import RetryConfig as RetryConfig
    from elluminate.async_client import AsyncClient as AsyncClient
    from elluminate.async_client import CollectionDefaults as CollectionDefaults
    from elluminate.async_client import CriterionSetDefaults as CriterionSetDefaults
    from elluminate.async_client import LLMConfigDefaults as LLMConfigDefaults
    from elluminate.client import Client as Client
    from elluminate.evaluate import evaluate as evaluate
    from elluminate.exceptions import AmbiguousProjectError as AmbiguousProjectError
    from elluminate.exceptions import APIError as APIError
    from elluminate.exceptions import AuthenticationError as AuthenticationError
    from elluminate.exceptions import ClientClosedError as ClientClosedError
    from elluminate.exceptions import ConfigurationError as ConfigurationError
    from elluminate.exceptions import ConflictError as ConflictError
    from elluminate.exceptions import ConnectionFailedError as ConnectionFailedError
    from elluminate.exceptions import ElluminateError as ElluminateError
    from elluminate.exceptions import ExperimentFailedWarning as ExperimentFailedWarning
    from elluminate.exceptions import InvalidResponseError as InvalidResponseError
    from elluminate.exceptions import ModelNotBoundError as ModelNotBoundError
    from elluminate.exceptions import NotFoundError as NotFoundError
    from elluminate.exceptions import PartialUploadError as PartialUploadError
    from elluminate.exceptions import PermissionDeniedError as PermissionDeniedError
    from elluminate.exceptions import RateLimitError as RateLimitError
    from elluminate.exceptions import RedirectRefusedError as RedirectRefusedError
    from elluminate.exceptions import RequestTimeoutError as RequestTimeoutError
    from elluminate.exceptions import ResponseInfo as ResponseInfo
    from elluminate.exceptions import RetryExhaustedError as RetryExhaustedError
    from elluminate.exceptions import ServerError as ServerError
    from elluminate.exceptions import TaskFailedError as TaskFailedError
    from elluminate.exceptions import TaskMatchError as TaskMatchError
    from elluminate.exceptions import TransportError as TransportError
    from elluminate.exceptions import ValidationError as ValidationError
    from elluminate.exceptions import WaitTimeoutError as WaitTimeoutError
    from elluminate.schemas import CriterionIn as CriterionIn
    from elluminate.schemas import GenerationMetadata as GenerationMetadata
    from elluminate.schemas import LLMConfig as LLMConfig
    from elluminate.schemas import RatingMode as RatingMode
    from elluminate.schemas import RatingValue as RatingValue
    from elluminate.streaming import BatchProgress as BatchProgress
    from elluminate.streaming import BatchStatusEvent as BatchStatusEvent
    from elluminate.streaming import EpochProgress as EpochProgress
    from elluminate.streaming import ExperimentProgress as ExperimentProgress
    from elluminate.streaming import ExperimentStatusEvent as ExperimentStatusEvent
    from elluminate.streaming import TaskStatus as TaskStatus

__version__ = "0.1.0"

_HOMES = {
    "_retries": "RetryConfig",
    "async_client": "AsyncClient CollectionDefaults CriterionSetDefaults LLMConfigDefaults",
    "client": "Client",
    "evaluate": "evaluate",
    "exceptions": "AmbiguousProjectError APIError AuthenticationError ClientClosedError ConfigurationError "
    "ConflictError ConnectionFailedError ElluminateError ExperimentFailedWarning InvalidResponseError "
    "ModelNotBoundError NotFoundError PartialUploadError PermissionDeniedError RateLimitError "
    "RedirectRefusedError RequestTimeoutError ResponseInfo RetryExhaustedError ServerError TaskFailedError "
    "TaskMatchError TransportError ValidationError WaitTimeoutError",
    "schemas": "CriterionIn GenerationMetadata LLMConfig RatingMode RatingValue",
    "streaming": "BatchProgress BatchStatusEvent EpochProgress ExperimentProgress ExperimentStatusEvent TaskStatus",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]

logging.getLogger("elluminate").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
