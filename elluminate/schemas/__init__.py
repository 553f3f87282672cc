"""The models of the API: what clients return and what they take, loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate_api.models import CollectionColumn as CollectionColumn
    from elluminate_api.models import ColumnType as ColumnTypeEnum  # noqa: F401
    from elluminate_api.models import CriterionIn as CriterionIn
    from elluminate_api.models import DailyUsageStats as DailyUsageStats
    from elluminate_api.models import ExperimentGenerationStatus as ExperimentGenerationStatus
    from elluminate_api.models import GenerationMetadata as GenerationMetadata
    from elluminate_api.models import GenerationParams as GenerationParams
    from elluminate_api.models import InferenceType as InferenceType
    from elluminate_api.models import LLMConfig as LLMConfig
    from elluminate_api.models import MeanRating as MeanRating
    from elluminate_api.models import Organization as Organization
    from elluminate_api.models import Project as Project
    from elluminate_api.models import RatingMode as RatingMode
    from elluminate_api.models import RatingValue as RatingValue
    from elluminate_api.models import ReasoningEffort as ReasoningEffort
    from elluminate_api.models import TaskStatus as TaskStatus
    from elluminate_api.models import TemplateVariables as TemplateVariables
    from elluminate_api.models import Verbosity as Verbosity

    from elluminate.schemas.collection import (
        TemplateVariablesCollection as TemplateVariablesCollection,
    )
    from elluminate.schemas.collection import (
        TemplateVariablesCollectionWithEntries as TemplateVariablesCollectionWithEntries,
    )
    from elluminate.schemas.criterion_set import Criterion as Criterion
    from elluminate.schemas.criterion_set import CriterionSet as CriterionSet
    from elluminate.schemas.experiment import Experiment as Experiment
    from elluminate.schemas.prompt_template import PromptTemplate as PromptTemplate
    from elluminate.schemas.response import Prompt as Prompt
    from elluminate.schemas.response import PromptResponse as PromptResponse
    from elluminate.schemas.response import Rating as Rating
    from elluminate.schemas.results import ExperimentResults as ExperimentResults

_RICH = {
    "Criterion": "criterion_set",
    "CriterionSet": "criterion_set",
    "Experiment": "experiment",
    "ExperimentResults": "results",
    "Prompt": "response",
    "PromptResponse": "response",
    "PromptTemplate": "prompt_template",
    "Rating": "response",
    "TemplateVariablesCollection": "collection",
    "TemplateVariablesCollectionWithEntries": "collection",
}

_GENERATED = {
    "CollectionColumn": "CollectionColumn",
    "ColumnTypeEnum": "ColumnType",
    "CriterionIn": "CriterionIn",
    "DailyUsageStats": "DailyUsageStats",
    "ExperimentGenerationStatus": "ExperimentGenerationStatus",
    "GenerationMetadata": "GenerationMetadata",
    "GenerationParams": "GenerationParams",
    "InferenceType": "InferenceType",
    "LLMConfig": "LLMConfig",
    "MeanRating": "MeanRating",
    "Organization": "Organization",
    "Project": "Project",
    "RatingMode": "RatingMode",
    "RatingValue": "RatingValue",
    "ReasoningEffort": "ReasoningEffort",
    "TaskStatus": "TaskStatus",
    "TemplateVariables": "TemplateVariables",
    "Verbosity": "Verbosity",
}

__all__ = sorted([*_RICH, *_GENERATED])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _RICH:
        value = getattr(import_module(f"{__name__}.{_RICH[name]}"), name)
    elif name in _GENERATED:
        value = getattr(import_module("elluminate_api.models"), _GENERATED[name])
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
