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
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate import checks as checks
    from elluminate import statistics as statistics
    from elluminate._retries import RetryConfig as RetryConfig
    from elluminate.async_client import AsyncClient as AsyncClient
    from elluminate.async_client import CollectionDefaults as CollectionDefaults
    from elluminate.async_client import CriterionSetDefaults as CriterionSetDefaults
    from elluminate.async_client import LLMConfigDefaults as LLMConfigDefaults
    from elluminate.client import Client as Client
    from elluminate.evaluate import evaluate as evaluate
    from elluminate.exceptions import AmbiguousProjectError as AmbiguousProjectError
    from elluminate.exceptions import AnsweredRowsWarning as AnsweredRowsWarning
    from elluminate.exceptions import APIError as APIError
    from elluminate.exceptions import AuthenticationError as AuthenticationError
    from elluminate.exceptions import ClientClosedError as ClientClosedError
    from elluminate.exceptions import ConfigurationError as ConfigurationError
    from elluminate.exceptions import ConflictError as ConflictError
    from elluminate.exceptions import ConnectionFailedError as ConnectionFailedError
    from elluminate.exceptions import ElluminateError as ElluminateError
    from elluminate.exceptions import EqualPromptsWarning as EqualPromptsWarning
    from elluminate.exceptions import ExistingDiffersWarning as ExistingDiffersWarning
    from elluminate.exceptions import ExperimentFailedWarning as ExperimentFailedWarning
    from elluminate.exceptions import ForeignModelError as ForeignModelError
    from elluminate.exceptions import IncompleteResultsWarning as IncompleteResultsWarning
    from elluminate.exceptions import InvalidResponseError as InvalidResponseError
    from elluminate.exceptions import ModelNotBoundError as ModelNotBoundError
    from elluminate.exceptions import NewColumnsWarning as NewColumnsWarning
    from elluminate.exceptions import NoCacheWarning as NoCacheWarning
    from elluminate.exceptions import NoCriteriaWarning as NoCriteriaWarning
    from elluminate.exceptions import NoResultsError as NoResultsError
    from elluminate.exceptions import NoRowsWarning as NoRowsWarning
    from elluminate.exceptions import NotComparableError as NotComparableError
    from elluminate.exceptions import NotFetchedError as NotFetchedError
    from elluminate.exceptions import NotFoundError as NotFoundError
    from elluminate.exceptions import NotSupportedError as NotSupportedError
    from elluminate.exceptions import OtherJudgeWarning as OtherJudgeWarning
    from elluminate.exceptions import PartialUploadError as PartialUploadError
    from elluminate.exceptions import PermissionDeniedError as PermissionDeniedError
    from elluminate.exceptions import RateLimitError as RateLimitError
    from elluminate.exceptions import RedirectRefusedError as RedirectRefusedError
    from elluminate.exceptions import RepeatedCriteriaWarning as RepeatedCriteriaWarning
    from elluminate.exceptions import RequestTimeoutError as RequestTimeoutError
    from elluminate.exceptions import ResponseInfo as ResponseInfo
    from elluminate.exceptions import RetryExhaustedError as RetryExhaustedError
    from elluminate.exceptions import ServerError as ServerError
    from elluminate.exceptions import SingleBracesWarning as SingleBracesWarning
    from elluminate.exceptions import StrippedColumnsWarning as StrippedColumnsWarning
    from elluminate.exceptions import TaskFailedError as TaskFailedError
    from elluminate.exceptions import TaskMatchError as TaskMatchError
    from elluminate.exceptions import TransportError as TransportError
    from elluminate.exceptions import UnfilledBracesWarning as UnfilledBracesWarning
    from elluminate.exceptions import UsageError as UsageError
    from elluminate.exceptions import ValidationError as ValidationError
    from elluminate.exceptions import WaitTimeoutError as WaitTimeoutError
    from elluminate.names import unique_name as unique_name
    from elluminate.schemas import DEFAULT_EVALUATION_POLLING_INTERVAL as DEFAULT_EVALUATION_POLLING_INTERVAL
    from elluminate.schemas import AgentResultCriterionDefinition as AgentResultCriterionDefinition
    from elluminate.schemas import AgentResultMatch as AgentResultMatch
    from elluminate.schemas import AgentResultsDefinition as AgentResultsDefinition
    from elluminate.schemas import AgentResultsMatchPreview as AgentResultsMatchPreview
    from elluminate.schemas import AgentResultsUploadResponse as AgentResultsUploadResponse
    from elluminate.schemas import AgentResultTaskDefinition as AgentResultTaskDefinition
    from elluminate.schemas import AgentResultTaskRefOut as AgentResultTaskRefOut
    from elluminate.schemas import AgentTrialResult as AgentTrialResult
    from elluminate.schemas import AgentTrialTaskRef as AgentTrialTaskRef
    from elluminate.schemas import Answer as Answer
    from elluminate.schemas import ATIFAgent as ATIFAgent
    from elluminate.schemas import ATIFContentPart as ATIFContentPart
    from elluminate.schemas import ATIFFinalMetrics as ATIFFinalMetrics
    from elluminate.schemas import ATIFImageContentPart as ATIFImageContentPart
    from elluminate.schemas import ATIFImageSource as ATIFImageSource
    from elluminate.schemas import ATIFObservation as ATIFObservation
    from elluminate.schemas import ATIFObservationResult as ATIFObservationResult
    from elluminate.schemas import ATIFStep as ATIFStep
    from elluminate.schemas import ATIFStepMetrics as ATIFStepMetrics
    from elluminate.schemas import ATIFSubagentTrajectoryRef as ATIFSubagentTrajectoryRef
    from elluminate.schemas import ATIFTextContentPart as ATIFTextContentPart
    from elluminate.schemas import ATIFToolCall as ATIFToolCall
    from elluminate.schemas import ATIFTrajectory as ATIFTrajectory
    from elluminate.schemas import CriterionIn as CriterionIn
    from elluminate.schemas import CriterionRatingIn as CriterionRatingIn
    from elluminate.schemas import ExperimentMap as ExperimentMap
    from elluminate.schemas import ExperimentMapResponse as ExperimentMapResponse
    from elluminate.schemas import ExperimentMapSample as ExperimentMapSample
    from elluminate.schemas import GenerationMetadata as GenerationMetadata
    from elluminate.schemas import LLMConfig as LLMConfig
    from elluminate.schemas import PersonaMinimal as PersonaMinimal
    from elluminate.schemas import RatingMode as RatingMode
    from elluminate.schemas import RatingValue as RatingValue
    from elluminate.schemas import Scenario as Scenario
    from elluminate.schemas import ScenarioField as ScenarioField
    from elluminate.schemas import ScenarioIn as ScenarioIn
    from elluminate.schemas import ScenarioSet as ScenarioSet
    from elluminate.schemas.agreement import Agreement as Agreement
    from elluminate.schemas.agreement import JudgeAgreement as JudgeAgreement
    from elluminate.schemas.comparison import ChangedRow as ChangedRow
    from elluminate.schemas.comparison import CriterionComparison as CriterionComparison
    from elluminate.schemas.comparison import ExperimentComparison as ExperimentComparison
    from elluminate.schemas.comparison import JudgedAnswer as JudgedAnswer
    from elluminate.schemas.experiment_statistics import CriterionStatistics as CriterionStatistics
    from elluminate.schemas.experiment_statistics import ExperimentStatistics as ExperimentStatistics
    from elluminate.schemas.experiment_statistics import FlakyRow as FlakyRow
    from elluminate.schemas.experiment_statistics import Spending as Spending
    from elluminate.schemas.label_draws import LabelDraw as LabelDraw
    from elluminate.schemas.label_draws import ToLabel as ToLabel
    from elluminate.schemas.labels import Labels as Labels
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
    "exceptions": "AmbiguousProjectError AnsweredRowsWarning APIError AuthenticationError ClientClosedError "
    "ConfigurationError ConflictError ConnectionFailedError ElluminateError EqualPromptsWarning "
    "ExistingDiffersWarning ExperimentFailedWarning "
    "ForeignModelError IncompleteResultsWarning "
    "InvalidResponseError ModelNotBoundError NewColumnsWarning NoCacheWarning NoCriteriaWarning NoResultsError "
    "NoRowsWarning "
    "NotComparableError NotFetchedError NotFoundError NotSupportedError OtherJudgeWarning PartialUploadError "
    "PermissionDeniedError "
    "RateLimitError "
    "RedirectRefusedError RepeatedCriteriaWarning RequestTimeoutError ResponseInfo RetryExhaustedError ServerError "
    "SingleBracesWarning StrippedColumnsWarning TaskFailedError "
    "TaskMatchError TransportError UnfilledBracesWarning UsageError ValidationError WaitTimeoutError",
    "names": "unique_name",
    "schemas": "Answer ATIFAgent ATIFContentPart ATIFFinalMetrics ATIFImageContentPart ATIFImageSource "
    "ATIFObservation ATIFObservationResult ATIFStep ATIFStepMetrics ATIFSubagentTrajectoryRef "
    "ATIFTextContentPart ATIFToolCall ATIFTrajectory AgentResultCriterionDefinition "
    "AgentResultMatch AgentResultTaskDefinition AgentResultTaskRefOut AgentResultsDefinition "
    "AgentResultsMatchPreview AgentResultsUploadResponse AgentTrialResult AgentTrialTaskRef "
    "CriterionIn CriterionRatingIn DEFAULT_EVALUATION_POLLING_INTERVAL ExperimentMap "
    "ExperimentMapResponse ExperimentMapSample GenerationMetadata LLMConfig PersonaMinimal "
    "RatingMode RatingValue Scenario ScenarioField ScenarioIn ScenarioSet",
    "schemas.agreement": "Agreement JudgeAgreement",
    "schemas.comparison": "ChangedRow CriterionComparison ExperimentComparison JudgedAnswer",
    "schemas.experiment_statistics": "CriterionStatistics ExperimentStatistics FlakyRow Spending",
    "schemas.label_draws": "LabelDraw ToLabel",
    "schemas.labels": "Labels",
    "streaming": "BatchProgress BatchStatusEvent EpochProgress ExperimentProgress ExperimentStatusEvent TaskStatus",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

_MODULES = {"checks", "statistics"}

__all__ = sorted(_HOME_OF | dict.fromkeys(_MODULES))  # pyright: ignore[reportUnsupportedDunderAll]

logging.getLogger("elluminate").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")  # which sets the name
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """`elluminate.evaluate` is the function, also after the module of that name was imported, which sets it anew."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "evaluate" and isinstance(value, ModuleType):
            value = value.evaluate
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
