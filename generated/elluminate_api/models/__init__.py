"""Every model and enum of the contract, imported when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .add_scenario_field_request import AddScenarioFieldRequest
    from .agent_result_criterion_definition import AgentResultCriterionDefinition
    from .agent_result_match import AgentResultMatch
    from .agent_result_task_definition import AgentResultTaskDefinition
    from .agent_result_task_ref_out import AgentResultTaskRefOut
    from .agent_results_definition import AgentResultsDefinition
    from .agent_results_error_kind import AgentResultsErrorKind
    from .agent_results_match_preview import AgentResultsMatchPreview
    from .agent_results_match_preview_request import AgentResultsMatchPreviewRequest
    from .agent_results_rejection import AgentResultsRejection
    from .agent_results_upload_request import AgentResultsUploadRequest
    from .agent_results_upload_response import AgentResultsUploadResponse
    from .agent_trial_result import AgentTrialResult
    from .agent_trial_task_ref import AgentTrialTaskRef
    from .api_key import ApiKey
    from .api_key_role import ApiKeyRole
    from .assistant_audio import AssistantAudio
    from .assistant_message import AssistantMessage
    from .atif_agent import ATIFAgent
    from .atif_final_metrics import ATIFFinalMetrics
    from .atif_image_content_part import ATIFImageContentPart
    from .atif_image_source import ATIFImageSource
    from .atif_observation import ATIFObservation
    from .atif_observation_result import ATIFObservationResult
    from .atif_step import ATIFStep
    from .atif_step_metrics import ATIFStepMetrics
    from .atif_step_source import ATIFStepSource
    from .atif_subagent_trajectory_ref import ATIFSubagentTrajectoryRef
    from .atif_text_content_part import ATIFTextContentPart
    from .atif_tool_call import ATIFToolCall
    from .atif_trajectory import ATIFTrajectory
    from .audit_event import AuditEvent
    from .audit_object_kind import AuditObjectKind
    from .batch_create_prompt_response_request import BatchCreatePromptResponseRequest
    from .batch_create_rating_request import BatchCreateRatingRequest
    from .batch_task_status import BatchTaskStatus
    from .check import Check
    from .check_json_schema import CheckJsonSchema
    from .check_type import CheckType
    from .collection_column import CollectionColumn
    from .collection_type import CollectionType
    from .column_type import ColumnType
    from .comparison_filter import ComparisonFilter
    from .content_part import ContentPart
    from .create_api_key_request import CreateApiKeyRequest
    from .create_collection_request import CreateCollectionRequest
    from .create_criteria_request import CreateCriteriaRequest
    from .create_criterion_set_request import CreateCriterionSetRequest
    from .create_experiment_request import CreateExperimentRequest
    from .create_llm_config_request import CreateLLMConfigRequest
    from .create_persona_group_request import CreatePersonaGroupRequest
    from .create_persona_request import CreatePersonaRequest
    from .create_project_request import CreateProjectRequest
    from .create_prompt_response_request import CreatePromptResponseRequest
    from .create_prompt_template_request import CreatePromptTemplateRequest
    from .create_rating_request import CreateRatingRequest
    from .create_scenario_set_request import CreateScenarioSetRequest
    from .create_template_variables_request import CreateTemplateVariablesRequest
    from .criterion import Criterion
    from .criterion_in import CriterionIn
    from .criterion_rating_in import CriterionRatingIn
    from .criterion_scope import CriterionScope
    from .criterion_set import CriterionSet
    from .custom_api_info import CustomApiInfo
    from .custom_call_input import CustomCallInput
    from .daily_usage_stats import DailyUsageStats
    from .developer_message import DeveloperMessage
    from .earlier_rating import EarlierRating
    from .edit_criterion_request import EditCriterionRequest
    from .entries_batch_upload import EntriesBatchUpload
    from .epoch_progress import EpochProgress
    from .error_body import ErrorBody
    from .evaluation_mode import EvaluationMode
    from .experiment import Experiment
    from .experiment_generation_status import ExperimentGenerationStatus
    from .experiment_map import ExperimentMap
    from .experiment_map_response import ExperimentMapResponse
    from .experiment_map_sample import ExperimentMapSample
    from .experiment_results import ExperimentResults
    from .experiment_results_mean_rating_by_criterion_id import (
        ExperimentResultsMeanRatingByCriterionId,
    )
    from .experiment_results_verdicts_by_criterion_id_type_0 import (
        ExperimentResultsVerdictsByCriterionIdType0,
    )
    from .function_call_arguments import FunctionCallArguments
    from .function_definition import FunctionDefinition
    from .function_message import FunctionMessage
    from .function_tool import FunctionTool
    from .generation_metadata import GenerationMetadata
    from .generation_params import GenerationParams
    from .health import Health
    from .inference_type import InferenceType
    from .json_object import JsonObject
    from .label import Label
    from .label_value import LabelValue
    from .llm_config import LLMConfig
    from .llm_config_problem import LLMConfigProblem
    from .llm_config_test import LLMConfigTest
    from .mean_rating import MeanRating
    from .message_annotation import MessageAnnotation
    from .missing_verdict import MissingVerdict
    from .missing_verdict_cause import MissingVerdictCause
    from .missing_verdict_reason import MissingVerdictReason
    from .model_costs import ModelCosts
    from .named_tool_choice import NamedToolChoice
    from .named_tool_choice_type import NamedToolChoiceType
    from .new_label import NewLabel
    from .number_place import NumberPlace
    from .organization import Organization
    from .paged_api_key import PagedApiKey
    from .paged_audit_event import PagedAuditEvent
    from .paged_criterion import PagedCriterion
    from .paged_criterion_set import PagedCriterionSet
    from .paged_earlier_rating import PagedEarlierRating
    from .paged_experiment import PagedExperiment
    from .paged_label import PagedLabel
    from .paged_llm_config import PagedLLMConfig
    from .paged_persona import PagedPersona
    from .paged_persona_group import PagedPersonaGroup
    from .paged_project import PagedProject
    from .paged_prompt_response import PagedPromptResponse
    from .paged_prompt_template import PagedPromptTemplate
    from .paged_rating import PagedRating
    from .paged_scenario import PagedScenario
    from .paged_scenario_set import PagedScenarioSet
    from .paged_template_variables import PagedTemplateVariables
    from .paged_template_variables_collection import PagedTemplateVariablesCollection
    from .persona import Persona
    from .persona_group import PersonaGroup
    from .persona_minimal import PersonaMinimal
    from .project import Project
    from .prompt import Prompt
    from .prompt_response import PromptResponse
    from .prompt_template import PromptTemplate
    from .prompt_template_conflict_body import PromptTemplateConflictBody
    from .put_entries import PutEntries
    from .put_labels_request import PutLabelsRequest
    from .rating import Rating
    from .rating_mode import RatingMode
    from .rating_origin import RatingOrigin
    from .rating_upload import RatingUpload
    from .rating_value import RatingValue
    from .rating_version import RatingVersion
    from .rating_version_stability import RatingVersionStability
    from .ratings_upload_response import RatingsUploadResponse
    from .reasoning_effort import ReasoningEffort
    from .rename_scenario_field_request import RenameScenarioFieldRequest
    from .responses_sample import ResponsesSample
    from .responses_sample_sort_by import ResponsesSampleSortBy
    from .responses_stats import ResponsesStats
    from .retry_failed_request import RetryFailedRequest
    from .run_experiment_request import RunExperimentRequest
    from .scenario import Scenario
    from .scenario_batch_request import ScenarioBatchRequest
    from .scenario_field import ScenarioField
    from .scenario_in import ScenarioIn
    from .scenario_set import ScenarioSet
    from .system_message import SystemMessage
    from .task_status import TaskStatus
    from .template_variables import TemplateVariables
    from .template_variables_collection import TemplateVariablesCollection
    from .template_variables_collection_with_entries import (
        TemplateVariablesCollectionWithEntries,
    )
    from .tool_call import ToolCall
    from .tool_call_type import ToolCallType
    from .tool_choice_function import ToolChoiceFunction
    from .tool_choice_mode import ToolChoiceMode
    from .tool_message import ToolMessage
    from .try_llm_config_request import TryLLMConfigRequest
    from .uce_input import UCEInput
    from .uce_payload_v1 import UCEPayloadV1
    from .uce_response_format import UCEResponseFormat
    from .uce_response_format_hint_type_0 import UCEResponseFormatHintType0
    from .update_collection_request import UpdateCollectionRequest
    from .update_persona_group_request import UpdatePersonaGroupRequest
    from .update_persona_request import UpdatePersonaRequest
    from .update_response_annotation_request import UpdateResponseAnnotationRequest
    from .update_scenario_set_request import UpdateScenarioSetRequest
    from .update_template_variables_request import UpdateTemplateVariablesRequest
    from .upload_ratings_request import UploadRatingsRequest
    from .url_citation import UrlCitation
    from .user_message import UserMessage
    from .verbosity import Verbosity
    from .verdict_counts import VerdictCounts
    from .version_compatible_request import VersionCompatibleRequest
    from .version_compatible_response import VersionCompatibleResponse

_MODULES = {
    "AddScenarioFieldRequest": "add_scenario_field_request",
    "AgentResultCriterionDefinition": "agent_result_criterion_definition",
    "AgentResultMatch": "agent_result_match",
    "AgentResultTaskDefinition": "agent_result_task_definition",
    "AgentResultTaskRefOut": "agent_result_task_ref_out",
    "AgentResultsDefinition": "agent_results_definition",
    "AgentResultsErrorKind": "agent_results_error_kind",
    "AgentResultsMatchPreview": "agent_results_match_preview",
    "AgentResultsMatchPreviewRequest": "agent_results_match_preview_request",
    "AgentResultsRejection": "agent_results_rejection",
    "AgentResultsUploadRequest": "agent_results_upload_request",
    "AgentResultsUploadResponse": "agent_results_upload_response",
    "AgentTrialResult": "agent_trial_result",
    "AgentTrialTaskRef": "agent_trial_task_ref",
    "ApiKey": "api_key",
    "ApiKeyRole": "api_key_role",
    "AssistantAudio": "assistant_audio",
    "AssistantMessage": "assistant_message",
    "ATIFAgent": "atif_agent",
    "ATIFFinalMetrics": "atif_final_metrics",
    "ATIFImageContentPart": "atif_image_content_part",
    "ATIFImageSource": "atif_image_source",
    "ATIFObservation": "atif_observation",
    "ATIFObservationResult": "atif_observation_result",
    "ATIFStep": "atif_step",
    "ATIFStepMetrics": "atif_step_metrics",
    "ATIFStepSource": "atif_step_source",
    "ATIFSubagentTrajectoryRef": "atif_subagent_trajectory_ref",
    "ATIFTextContentPart": "atif_text_content_part",
    "ATIFToolCall": "atif_tool_call",
    "ATIFTrajectory": "atif_trajectory",
    "AuditEvent": "audit_event",
    "AuditObjectKind": "audit_object_kind",
    "BatchCreatePromptResponseRequest": "batch_create_prompt_response_request",
    "BatchCreateRatingRequest": "batch_create_rating_request",
    "BatchTaskStatus": "batch_task_status",
    "Check": "check",
    "CheckJsonSchema": "check_json_schema",
    "CheckType": "check_type",
    "CollectionColumn": "collection_column",
    "CollectionType": "collection_type",
    "ColumnType": "column_type",
    "ComparisonFilter": "comparison_filter",
    "ContentPart": "content_part",
    "CreateApiKeyRequest": "create_api_key_request",
    "CreateCollectionRequest": "create_collection_request",
    "CreateCriteriaRequest": "create_criteria_request",
    "CreateCriterionSetRequest": "create_criterion_set_request",
    "CreateExperimentRequest": "create_experiment_request",
    "CreateLLMConfigRequest": "create_llm_config_request",
    "CreatePersonaGroupRequest": "create_persona_group_request",
    "CreatePersonaRequest": "create_persona_request",
    "CreateProjectRequest": "create_project_request",
    "CreatePromptResponseRequest": "create_prompt_response_request",
    "CreatePromptTemplateRequest": "create_prompt_template_request",
    "CreateRatingRequest": "create_rating_request",
    "CreateScenarioSetRequest": "create_scenario_set_request",
    "CreateTemplateVariablesRequest": "create_template_variables_request",
    "Criterion": "criterion",
    "CriterionIn": "criterion_in",
    "CriterionRatingIn": "criterion_rating_in",
    "CriterionScope": "criterion_scope",
    "CriterionSet": "criterion_set",
    "CustomApiInfo": "custom_api_info",
    "CustomCallInput": "custom_call_input",
    "DailyUsageStats": "daily_usage_stats",
    "DeveloperMessage": "developer_message",
    "EarlierRating": "earlier_rating",
    "EditCriterionRequest": "edit_criterion_request",
    "EntriesBatchUpload": "entries_batch_upload",
    "EpochProgress": "epoch_progress",
    "ErrorBody": "error_body",
    "EvaluationMode": "evaluation_mode",
    "Experiment": "experiment",
    "ExperimentGenerationStatus": "experiment_generation_status",
    "ExperimentMap": "experiment_map",
    "ExperimentMapResponse": "experiment_map_response",
    "ExperimentMapSample": "experiment_map_sample",
    "ExperimentResults": "experiment_results",
    "ExperimentResultsMeanRatingByCriterionId": "experiment_results_mean_rating_by_criterion_id",
    "ExperimentResultsVerdictsByCriterionIdType0": "experiment_results_verdicts_by_criterion_id_type_0",
    "FunctionCallArguments": "function_call_arguments",
    "FunctionDefinition": "function_definition",
    "FunctionMessage": "function_message",
    "FunctionTool": "function_tool",
    "GenerationMetadata": "generation_metadata",
    "GenerationParams": "generation_params",
    "Health": "health",
    "InferenceType": "inference_type",
    "JsonObject": "json_object",
    "Label": "label",
    "LabelValue": "label_value",
    "LLMConfig": "llm_config",
    "LLMConfigProblem": "llm_config_problem",
    "LLMConfigTest": "llm_config_test",
    "MeanRating": "mean_rating",
    "MessageAnnotation": "message_annotation",
    "MissingVerdict": "missing_verdict",
    "MissingVerdictCause": "missing_verdict_cause",
    "MissingVerdictReason": "missing_verdict_reason",
    "ModelCosts": "model_costs",
    "NamedToolChoice": "named_tool_choice",
    "NamedToolChoiceType": "named_tool_choice_type",
    "NewLabel": "new_label",
    "NumberPlace": "number_place",
    "Organization": "organization",
    "PagedApiKey": "paged_api_key",
    "PagedAuditEvent": "paged_audit_event",
    "PagedCriterion": "paged_criterion",
    "PagedCriterionSet": "paged_criterion_set",
    "PagedEarlierRating": "paged_earlier_rating",
    "PagedExperiment": "paged_experiment",
    "PagedLabel": "paged_label",
    "PagedLLMConfig": "paged_llm_config",
    "PagedPersona": "paged_persona",
    "PagedPersonaGroup": "paged_persona_group",
    "PagedProject": "paged_project",
    "PagedPromptResponse": "paged_prompt_response",
    "PagedPromptTemplate": "paged_prompt_template",
    "PagedRating": "paged_rating",
    "PagedScenario": "paged_scenario",
    "PagedScenarioSet": "paged_scenario_set",
    "PagedTemplateVariables": "paged_template_variables",
    "PagedTemplateVariablesCollection": "paged_template_variables_collection",
    "Persona": "persona",
    "PersonaGroup": "persona_group",
    "PersonaMinimal": "persona_minimal",
    "Project": "project",
    "Prompt": "prompt",
    "PromptResponse": "prompt_response",
    "PromptTemplate": "prompt_template",
    "PromptTemplateConflictBody": "prompt_template_conflict_body",
    "PutEntries": "put_entries",
    "PutLabelsRequest": "put_labels_request",
    "Rating": "rating",
    "RatingMode": "rating_mode",
    "RatingOrigin": "rating_origin",
    "RatingUpload": "rating_upload",
    "RatingValue": "rating_value",
    "RatingVersion": "rating_version",
    "RatingVersionStability": "rating_version_stability",
    "RatingsUploadResponse": "ratings_upload_response",
    "ReasoningEffort": "reasoning_effort",
    "RenameScenarioFieldRequest": "rename_scenario_field_request",
    "ResponsesSample": "responses_sample",
    "ResponsesSampleSortBy": "responses_sample_sort_by",
    "ResponsesStats": "responses_stats",
    "RetryFailedRequest": "retry_failed_request",
    "RunExperimentRequest": "run_experiment_request",
    "Scenario": "scenario",
    "ScenarioBatchRequest": "scenario_batch_request",
    "ScenarioField": "scenario_field",
    "ScenarioIn": "scenario_in",
    "ScenarioSet": "scenario_set",
    "SystemMessage": "system_message",
    "TaskStatus": "task_status",
    "TemplateVariables": "template_variables",
    "TemplateVariablesCollection": "template_variables_collection",
    "TemplateVariablesCollectionWithEntries": "template_variables_collection_with_entries",
    "ToolCall": "tool_call",
    "ToolCallType": "tool_call_type",
    "ToolChoiceFunction": "tool_choice_function",
    "ToolChoiceMode": "tool_choice_mode",
    "ToolMessage": "tool_message",
    "TryLLMConfigRequest": "try_llm_config_request",
    "UCEInput": "uce_input",
    "UCEPayloadV1": "uce_payload_v1",
    "UCEResponseFormat": "uce_response_format",
    "UCEResponseFormatHintType0": "uce_response_format_hint_type_0",
    "UpdateCollectionRequest": "update_collection_request",
    "UpdatePersonaGroupRequest": "update_persona_group_request",
    "UpdatePersonaRequest": "update_persona_request",
    "UpdateResponseAnnotationRequest": "update_response_annotation_request",
    "UpdateScenarioSetRequest": "update_scenario_set_request",
    "UpdateTemplateVariablesRequest": "update_template_variables_request",
    "UploadRatingsRequest": "upload_ratings_request",
    "UrlCitation": "url_citation",
    "UserMessage": "user_message",
    "Verbosity": "verbosity",
    "VerdictCounts": "verdict_counts",
    "VersionCompatibleRequest": "version_compatible_request",
    "VersionCompatibleResponse": "version_compatible_response",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = (
    "AddScenarioFieldRequest",
    "AgentResultCriterionDefinition",
    "AgentResultMatch",
    "AgentResultsDefinition",
    "AgentResultsErrorKind",
    "AgentResultsMatchPreview",
    "AgentResultsMatchPreviewRequest",
    "AgentResultsRejection",
    "AgentResultsUploadRequest",
    "AgentResultsUploadResponse",
    "AgentResultTaskDefinition",
    "AgentResultTaskRefOut",
    "AgentTrialResult",
    "AgentTrialTaskRef",
    "ApiKey",
    "ApiKeyRole",
    "AssistantAudio",
    "AssistantMessage",
    "ATIFAgent",
    "ATIFFinalMetrics",
    "ATIFImageContentPart",
    "ATIFImageSource",
    "ATIFObservation",
    "ATIFObservationResult",
    "ATIFStep",
    "ATIFStepMetrics",
    "ATIFStepSource",
    "ATIFSubagentTrajectoryRef",
    "ATIFTextContentPart",
    "ATIFToolCall",
    "ATIFTrajectory",
    "AuditEvent",
    "AuditObjectKind",
    "BatchCreatePromptResponseRequest",
    "BatchCreateRatingRequest",
    "BatchTaskStatus",
    "Check",
    "CheckJsonSchema",
    "CheckType",
    "CollectionColumn",
    "CollectionType",
    "ColumnType",
    "ComparisonFilter",
    "ContentPart",
    "CreateApiKeyRequest",
    "CreateCollectionRequest",
    "CreateCriteriaRequest",
    "CreateCriterionSetRequest",
    "CreateExperimentRequest",
    "CreateLLMConfigRequest",
    "CreatePersonaGroupRequest",
    "CreatePersonaRequest",
    "CreateProjectRequest",
    "CreatePromptResponseRequest",
    "CreatePromptTemplateRequest",
    "CreateRatingRequest",
    "CreateScenarioSetRequest",
    "CreateTemplateVariablesRequest",
    "Criterion",
    "CriterionIn",
    "CriterionRatingIn",
    "CriterionScope",
    "CriterionSet",
    "CustomApiInfo",
    "CustomCallInput",
    "DailyUsageStats",
    "DeveloperMessage",
    "EarlierRating",
    "EditCriterionRequest",
    "EntriesBatchUpload",
    "EpochProgress",
    "ErrorBody",
    "EvaluationMode",
    "Experiment",
    "ExperimentGenerationStatus",
    "ExperimentMap",
    "ExperimentMapResponse",
    "ExperimentMapSample",
    "ExperimentResults",
    "ExperimentResultsMeanRatingByCriterionId",
    "ExperimentResultsVerdictsByCriterionIdType0",
    "FunctionCallArguments",
    "FunctionDefinition",
    "FunctionMessage",
    "FunctionTool",
    "GenerationMetadata",
    "GenerationParams",
    "Health",
    "InferenceType",
    "JsonObject",
    "Label",
    "LabelValue",
    "LLMConfig",
    "LLMConfigProblem",
    "LLMConfigTest",
    "MeanRating",
    "MessageAnnotation",
    "MissingVerdict",
    "MissingVerdictCause",
    "MissingVerdictReason",
    "ModelCosts",
    "NamedToolChoice",
    "NamedToolChoiceType",
    "NewLabel",
    "NumberPlace",
    "Organization",
    "PagedApiKey",
    "PagedAuditEvent",
    "PagedCriterion",
    "PagedCriterionSet",
    "PagedEarlierRating",
    "PagedExperiment",
    "PagedLabel",
    "PagedLLMConfig",
    "PagedPersona",
    "PagedPersonaGroup",
    "PagedProject",
    "PagedPromptResponse",
    "PagedPromptTemplate",
    "PagedRating",
    "PagedScenario",
    "PagedScenarioSet",
    "PagedTemplateVariables",
    "PagedTemplateVariablesCollection",
    "Persona",
    "PersonaGroup",
    "PersonaMinimal",
    "Project",
    "Prompt",
    "PromptResponse",
    "PromptTemplate",
    "PromptTemplateConflictBody",
    "PutEntries",
    "PutLabelsRequest",
    "Rating",
    "RatingMode",
    "RatingOrigin",
    "RatingsUploadResponse",
    "RatingUpload",
    "RatingValue",
    "RatingVersion",
    "RatingVersionStability",
    "ReasoningEffort",
    "RenameScenarioFieldRequest",
    "ResponsesSample",
    "ResponsesSampleSortBy",
    "ResponsesStats",
    "RetryFailedRequest",
    "RunExperimentRequest",
    "Scenario",
    "ScenarioBatchRequest",
    "ScenarioField",
    "ScenarioIn",
    "ScenarioSet",
    "SystemMessage",
    "TaskStatus",
    "TemplateVariables",
    "TemplateVariablesCollection",
    "TemplateVariablesCollectionWithEntries",
    "ToolCall",
    "ToolCallType",
    "ToolChoiceFunction",
    "ToolChoiceMode",
    "ToolMessage",
    "TryLLMConfigRequest",
    "UCEInput",
    "UCEPayloadV1",
    "UCEResponseFormat",
    "UCEResponseFormatHintType0",
    "UpdateCollectionRequest",
    "UpdatePersonaGroupRequest",
    "UpdatePersonaRequest",
    "UpdateResponseAnnotationRequest",
    "UpdateScenarioSetRequest",
    "UpdateTemplateVariablesRequest",
    "UploadRatingsRequest",
    "UrlCitation",
    "UserMessage",
    "Verbosity",
    "VerdictCounts",
    "VersionCompatibleRequest",
    "VersionCompatibleResponse",
)
