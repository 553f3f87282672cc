from ..types import OpenEnum


class AuditObjectKind(OpenEnum):
    """Kinds of things that are changed. An entry is a row of a collection."""

    API_KEY = "api_key"
    COLLECTION = "collection"
    CRITERION = "criterion"
    CRITERION_SET = "criterion_set"
    ENTRY = "entry"
    EXPERIMENT = "experiment"
    LABEL = "label"
    LLM_CONFIG = "llm_config"
    PERSONA = "persona"
    PERSONA_GROUP = "persona_group"
    PROJECT = "project"
    PROMPT_TEMPLATE = "prompt_template"
    RATING = "rating"
    RESPONSE = "response"
    SCENARIO = "scenario"
    SCENARIO_SET = "scenario_set"
