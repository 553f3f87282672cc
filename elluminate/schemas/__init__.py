"""The models of the API: what clients return and what they take, loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from elluminate._homes import settle

if TYPE_CHECKING:
    from elluminate_api.models import AddScenarioFieldRequest as AddScenarioFieldRequest
    from elluminate_api.models import AgentResultCriterionDefinition as AgentResultCriterionDefinition
    from elluminate_api.models import AgentResultsDefinition as AgentResultsDefinition
    from elluminate_api.models import AgentResultsMatchPreviewRequest as AgentResultsMatchPreviewRequest
    from elluminate_api.models import AgentResultsUploadRequest as AgentResultsUploadRequest
    from elluminate_api.models import AgentResultsUploadResponse as AgentResultsUploadResponse
    from elluminate_api.models import AgentResultTaskDefinition as AgentResultTaskDefinition
    from elluminate_api.models import AgentResultTaskRefOut as AgentResultTaskRefOut
    from elluminate_api.models import AgentTrialTaskRef as AgentTrialTaskRef
    from elluminate_api.models import ApiKeyRole as ApiKeyRole
    from elluminate_api.models import ATIFAgent as ATIFAgent
    from elluminate_api.models import ATIFFinalMetrics as ATIFFinalMetrics
    from elluminate_api.models import ATIFImageContentPart as ATIFImageContentPart
    from elluminate_api.models import ATIFImageSource as ATIFImageSource
    from elluminate_api.models import ATIFObservation as ATIFObservation
    from elluminate_api.models import ATIFObservationResult as ATIFObservationResult
    from elluminate_api.models import ATIFStep as ATIFStep
    from elluminate_api.models import ATIFStepMetrics as ATIFStepMetrics
    from elluminate_api.models import ATIFStepSource as ATIFStepSource
    from elluminate_api.models import ATIFSubagentTrajectoryRef as ATIFSubagentTrajectoryRef
    from elluminate_api.models import ATIFTextContentPart as ATIFTextContentPart
    from elluminate_api.models import ATIFToolCall as ATIFToolCall
    from elluminate_api.models import ATIFTrajectory as ATIFTrajectory
    from elluminate_api.models import AuditEvent as AuditEvent
    from elluminate_api.models import AuditObjectKind as AuditObjectKind
    from elluminate_api.models import BatchCreatePromptResponseRequest as BatchCreatePromptResponseRequest
    from elluminate_api.models import BatchCreateRatingRequest as BatchCreateRatingRequest
    from elluminate_api.models import BatchTaskStatus as BatchTaskStatus
    from elluminate_api.models import CollectionColumn as CollectionColumn
    from elluminate_api.models import CollectionType as CollectionType
    from elluminate_api.models import ColumnType as ColumnType
    from elluminate_api.models import ComparisonFilter as ComparisonFilter
    from elluminate_api.models import CreateCollectionRequest as CreateCollectionRequest
    from elluminate_api.models import CreateCriteriaRequest as CreateCriteriaRequest
    from elluminate_api.models import CreateCriterionSetRequest as CreateCriterionSetRequest
    from elluminate_api.models import CreateExperimentRequest as CreateExperimentRequest
    from elluminate_api.models import CreatePromptResponseRequest as CreatePromptResponseRequest
    from elluminate_api.models import CreatePromptTemplateRequest as CreatePromptTemplateRequest
    from elluminate_api.models import CreateRatingRequest as CreateRatingRequest
    from elluminate_api.models import CreateScenarioSetRequest as CreateScenarioSetRequest
    from elluminate_api.models import CreateTemplateVariablesRequest as CreateTemplateVariablesRequest
    from elluminate_api.models import CriterionIn as CriterionIn
    from elluminate_api.models import CriterionRatingIn as CriterionRatingIn
    from elluminate_api.models import CriterionScope as CriterionScope
    from elluminate_api.models import DailyUsageStats as DailyUsageStats
    from elluminate_api.models import EarlierRating as EarlierRating
    from elluminate_api.models import EditCriterionRequest as EditCriterionRequest
    from elluminate_api.models import EvaluationMode as EvaluationMode
    from elluminate_api.models import ExperimentGenerationStatus as ExperimentGenerationStatus
    from elluminate_api.models import ExperimentMap as ExperimentMap
    from elluminate_api.models import ExperimentMapResponse as ExperimentMapResponse
    from elluminate_api.models import ExperimentMapSample as ExperimentMapSample
    from elluminate_api.models import FunctionDefinition as FunctionDefinition
    from elluminate_api.models import FunctionTool as FunctionTool
    from elluminate_api.models import GenerationParams as GenerationParams
    from elluminate_api.models import InferenceType as InferenceType
    from elluminate_api.models import Label as Label
    from elluminate_api.models import LabelValue as LabelValue
    from elluminate_api.models import LLMConfigProblem as LLMConfigProblem
    from elluminate_api.models import MeanRating as MeanRating
    from elluminate_api.models import MissingVerdict as MissingVerdict
    from elluminate_api.models import MissingVerdictCause as MissingVerdictCause
    from elluminate_api.models import MissingVerdictReason as MissingVerdictReason
    from elluminate_api.models import NamedToolChoice as NamedToolChoice
    from elluminate_api.models import Organization as Organization
    from elluminate_api.models import PersonaMinimal as PersonaMinimal
    from elluminate_api.models import Project as Project
    from elluminate_api.models import RatingMode as RatingMode
    from elluminate_api.models import RatingValue as RatingValue
    from elluminate_api.models import RatingVersion as RatingVersion
    from elluminate_api.models import RatingVersionStability as RatingVersionStability
    from elluminate_api.models import ReasoningEffort as ReasoningEffort
    from elluminate_api.models import ResponsesSample as ResponsesSample
    from elluminate_api.models import ResponsesSampleSortBy as ResponsesSampleSortBy
    from elluminate_api.models import ResponsesStats as ResponsesStats
    from elluminate_api.models import RunExperimentRequest as RunExperimentRequest
    from elluminate_api.models import ScenarioBatchRequest as ScenarioBatchRequest
    from elluminate_api.models import ScenarioIn as ScenarioIn
    from elluminate_api.models import TaskStatus as TaskStatus
    from elluminate_api.models import ToolChoiceMode as ToolChoiceMode
    from elluminate_api.models import UpdateCollectionRequest as UpdateCollectionRequest
    from elluminate_api.models import UpdateScenarioSetRequest as UpdateScenarioSetRequest
    from elluminate_api.models import UpdateTemplateVariablesRequest as UpdateTemplateVariablesRequest
    from elluminate_api.models import Verbosity as Verbosity

    from elluminate.schemas.agent_results import (
        DEFAULT_EVALUATION_POLLING_INTERVAL as DEFAULT_EVALUATION_POLLING_INTERVAL,
    )
    from elluminate.schemas.agent_results import AgentResultMatch as AgentResultMatch
    from elluminate.schemas.agent_results import AgentResultsMatchPreview as AgentResultsMatchPreview
    from elluminate.schemas.agent_results import AgentTrialResult as AgentTrialResult
    from elluminate.schemas.agent_results import ATIFContentPart as ATIFContentPart
    from elluminate.schemas.api_key import ApiKey as ApiKey
    from elluminate.schemas.collection import TemplateVariablesCollection as TemplateVariablesCollection
    from elluminate.schemas.collection import (
        TemplateVariablesCollectionWithEntries as TemplateVariablesCollectionWithEntries,
    )
    from elluminate.schemas.conversation import ResponseFormat as ResponseFormat
    from elluminate.schemas.conversation import UCEInput as UCEInput
    from elluminate.schemas.conversation import UCEPayloadV1 as UCEPayloadV1
    from elluminate.schemas.criterion_set import CriterionSet as CriterionSet
    from elluminate.schemas.experiment import Experiment as Experiment
    from elluminate.schemas.filters import ExperimentFilter as ExperimentFilter
    from elluminate.schemas.filters import PromptResponseFilter as PromptResponseFilter
    from elluminate.schemas.filters import PromptTemplateFilter as PromptTemplateFilter
    from elluminate.schemas.filters import ResponsesSampleFilter as ResponsesSampleFilter
    from elluminate.schemas.filters import (
        TemplateVariablesCollectionFilter as TemplateVariablesCollectionFilter,
    )
    from elluminate.schemas.filters import TemplateVariablesCollectionSort as TemplateVariablesCollectionSort
    from elluminate.schemas.llm_config import GenerationMetadata as GenerationMetadata
    from elluminate.schemas.llm_config import LLMConfig as LLMConfig
    from elluminate.schemas.llm_config import LLMConfigTest as LLMConfigTest
    from elluminate.schemas.persona import Persona as Persona
    from elluminate.schemas.persona import PersonaGroup as PersonaGroup
    from elluminate.schemas.programs import Answer as Answer
    from elluminate.schemas.prompt_template import Criterion as Criterion
    from elluminate.schemas.prompt_template import PromptTemplate as PromptTemplate
    from elluminate.schemas.response import Prompt as Prompt
    from elluminate.schemas.response import PromptResponse as PromptResponse
    from elluminate.schemas.response import Rating as Rating
    from elluminate.schemas.response import ResolvedPromptContext as ResolvedPromptContext
    from elluminate.schemas.results import ExperimentResults as ExperimentResults
    from elluminate.schemas.results import ModelCosts as ModelCosts
    from elluminate.schemas.results import VerdictCounts as VerdictCounts
    from elluminate.schemas.scenario_set import Scenario as Scenario
    from elluminate.schemas.scenario_set import ScenarioField as ScenarioField
    from elluminate.schemas.scenario_set import ScenarioSet as ScenarioSet
    from elluminate.schemas.template_string import TemplateString as TemplateString
    from elluminate.schemas.template_variables import AddedRows as AddedRows
    from elluminate.schemas.template_variables import TemplateVariables as TemplateVariables

    BatchCreatePromptResponseStatus = BatchTaskStatus
    BatchCreateRatingResponseStatus = BatchTaskStatus
    ColumnTypeEnum = ColumnType
    ScenarioFieldRequest = AddScenarioFieldRequest

_RICH = {
    "api_key": "ApiKey",
    "agent_results": "AgentResultMatch AgentResultsMatchPreview AgentTrialResult ATIFContentPart "
    "DEFAULT_EVALUATION_POLLING_INTERVAL",
    "collection": "TemplateVariablesCollection TemplateVariablesCollectionWithEntries",
    "conversation": "ResponseFormat UCEInput UCEPayloadV1",
    "criterion_set": "CriterionSet",
    "experiment": "Experiment",
    "filters": "ExperimentFilter PromptResponseFilter PromptTemplateFilter ResponsesSampleFilter "
    "TemplateVariablesCollectionFilter TemplateVariablesCollectionSort",
    "llm_config": "GenerationMetadata LLMConfig LLMConfigTest",
    "persona": "Persona PersonaGroup",
    "programs": "Answer",
    "prompt_template": "Criterion PromptTemplate",
    "response": "Prompt PromptResponse Rating ResolvedPromptContext",
    "results": "ExperimentResults ModelCosts VerdictCounts",
    "scenario_set": "Scenario ScenarioField ScenarioSet",
    "template_variables": "AddedRows TemplateVariables",
    "template_string": "TemplateString",
}
"""Classes with methods or names of their own: module to names."""

_GENERATED = (
    "ATIFAgent ATIFFinalMetrics ATIFImageContentPart ATIFImageSource ATIFObservation "
    "ATIFObservationResult ATIFStep ATIFStepMetrics ATIFStepSource ATIFSubagentTrajectoryRef "
    "ATIFTextContentPart ATIFToolCall ATIFTrajectory AddScenarioFieldRequest "
    "AgentResultCriterionDefinition AgentResultTaskDefinition AgentResultTaskRefOut "
    "AgentResultsDefinition AgentResultsMatchPreviewRequest AgentResultsUploadRequest "
    "AgentResultsUploadResponse AgentTrialTaskRef ApiKeyRole AuditEvent AuditObjectKind "
    "BatchCreatePromptResponseRequest "
    "BatchCreateRatingRequest BatchTaskStatus CollectionColumn CollectionType ColumnType "
    "ComparisonFilter CreateCollectionRequest CreateCriteriaRequest CreateCriterionSetRequest "
    "CreateExperimentRequest CreatePromptResponseRequest CreatePromptTemplateRequest "
    "CreateRatingRequest CreateScenarioSetRequest CreateTemplateVariablesRequest CriterionIn "
    "CriterionRatingIn CriterionScope DailyUsageStats EarlierRating EditCriterionRequest EvaluationMode "
    "ExperimentGenerationStatus ExperimentMap ExperimentMapResponse ExperimentMapSample "
    "FunctionDefinition FunctionTool GenerationParams InferenceType LLMConfigProblem Label LabelValue "
    "MeanRating MissingVerdict MissingVerdictCause MissingVerdictReason "
    "NamedToolChoice Organization PersonaMinimal Project RatingMode "
    "RatingValue RatingVersion RatingVersionStability "
    "ReasoningEffort ResponsesSample ResponsesSampleSortBy ResponsesStats RunExperimentRequest "
    "ScenarioBatchRequest ScenarioIn "
    "ToolChoiceMode UpdateCollectionRequest UpdateScenarioSetRequest UpdateTemplateVariablesRequest "
    "Verbosity"
)
"""Classes that are used as the contract has them."""

_ALIASES = {
    "BatchCreatePromptResponseStatus": "BatchTaskStatus",
    "BatchCreateRatingResponseStatus": "BatchTaskStatus",
    "ColumnTypeEnum": "ColumnType",
    "ScenarioFieldRequest": "AddScenarioFieldRequest",
}
"""Other names of classes: what programs written for this API call them."""

_HOME_OF = {name: home for home, names in _RICH.items() for name in names.split()}
_SETTLED = frozenset(_GENERATED.split())

__all__ = sorted([*_HOME_OF, *_SETTLED, *_ALIASES, "TaskStatus"])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _ALIASES:
        value = __getattr__(_ALIASES[name])
    elif name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    elif name in _SETTLED:
        value = getattr(import_module("elluminate_api.models"), name)
        settle(value, __name__)
    elif name == "TaskStatus":
        value = import_module("elluminate._following").TaskStatus
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
