"""The contract's response models in pydantic v2, field for field, to decode the same page with."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class ColumnType(StrEnum):
    TEXT = "text"
    JSON = "json"
    CONVERSATION = "conversation"
    RAW_INPUT = "raw_input"
    CATEGORY = "category"
    PERSONA_GOAL = "persona_goal"


class CollectionType(StrEnum):
    STANDARD = "STANDARD"
    AGENTIC = "AGENTIC"
    PERSONA = "PERSONA"


class InferenceType(StrEnum):
    OPENAI = "openai"
    BOTARIO = "botario"
    CUSTOM_API = "custom_api"


class ReasoningEffort(StrEnum):
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verbosity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RatingValue(StrEnum):
    YES = "YES"
    NO = "NO"


class ToolChoiceMode(StrEnum):
    NONE = "none"
    AUTO = "auto"
    REQUIRED = "required"


class NamedToolChoiceType(StrEnum):
    CODE_INTERPRETER = "code_interpreter"
    FILE_SEARCH = "file_search"
    FUNCTION = "function"


class CollectionColumn(BaseModel):
    id: Annotated[int, Field(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    column_type: ColumnType | None = None
    default_value: str | None = ""
    column_position: int | None = 0
    categorical_values: list[str] | None = None


class TemplateVariablesCollection(BaseModel):
    id: int
    name: str
    description: str = ""
    columns: list[CollectionColumn] = []
    variables_count: int = 0
    read_only: bool = False
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    version: str | None = None
    collection_type: CollectionType = CollectionType.STANDARD
    environment_config: dict[str, Any] | None = None


class TemplateVariables(BaseModel):
    id: int
    input_values: dict[str, Any]
    collection: TemplateVariablesCollection
    created_at: datetime.datetime
    environment_config: dict[str, Any] | None = None


class FunctionDefinition(BaseModel):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(BaseModel):
    type: Literal["function"]
    function: FunctionDefinition


class ToolChoiceFunction(BaseModel):
    name: str


class NamedToolChoice(BaseModel):
    type: NamedToolChoiceType
    function: ToolChoiceFunction | None = None


class PromptTemplate(BaseModel):
    id: int
    name: str
    version: int
    messages: list[dict[str, Any]] = []
    placeholders: set[str] = set()
    response_format_json_schema: dict[str, Any] | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: NamedToolChoice | ToolChoiceMode | None = None
    criterion_set_id: int | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


class Prompt(BaseModel):
    id: int
    template_variables: TemplateVariables
    created_at: datetime.datetime
    prompt_template: PromptTemplate | None = None
    messages: list[dict[str, Any]] = []
    resolved_tools: list[dict[str, Any]] | None = None
    resolved_tool_choice: dict[str, Any] | str | None = None
    resolved_response_format: dict[str, Any] | None = None
    is_stale: bool = False


class CustomApiInfo(BaseModel):
    provider: str
    api_request_id: str | None = None
    track_request_url: str | None = None


class LLMConfig(BaseModel):
    id: Annotated[int, Field(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    description: str = ""
    llm_model_name: str | None = None
    llm_base_url: str | None = None
    api_key: str | None = Field(default=None, repr=False)
    api_version: str | None = None
    max_connections: int = 10
    inference_type: InferenceType = InferenceType.OPENAI
    max_retries: int | None = None
    timeout: int | None = None
    system_message: str | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    temperature: float | None = None
    best_of: int | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    custom_api_config: dict[str, Any] | None = None
    custom_response_parser: str | None = None
    input_price_per_mtok: float | None = None
    output_price_per_mtok: float | None = None


class GenerationMetadata(BaseModel):
    llm_model_config: LLMConfig | None = None
    duration_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    custom_api_info: CustomApiInfo | None = None
    trajectory_ingest_error: str | None = None


class Criterion(BaseModel):
    id: int
    criterion_str: str
    created_at: datetime.datetime
    label: str | None = None
    prompt_template: PromptTemplate | None = None
    template_variables: TemplateVariables | None = None


class Rating(BaseModel):
    id: int
    criterion: Criterion
    rating: RatingValue
    created_at: datetime.datetime
    reasoning: str | None = None
    generation_metadata: GenerationMetadata | None = None


class PromptResponse(BaseModel):
    id: int
    prompt: Prompt
    messages: list[dict[str, Any]]
    generation_metadata: GenerationMetadata | None
    error: str | None
    epoch: int
    created_at: datetime.datetime
    termination_reason: str | None = None
    ratings: list[Rating] = []
    trajectory: dict[str, Any] | None = None
    annotation: str = ""


class ResponsePage(BaseModel):
    items: list[PromptResponse]
    count: int
