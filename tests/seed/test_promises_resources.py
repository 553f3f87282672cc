"""What the guide promises of templates, collections, criterion sets and LLM configs, with both clients."""

from __future__ import annotations

from typing import Any

import pytest

from elluminate import ConflictError, NotFoundError
from elluminate.schemas import PromptTemplate
from tests.seed.worlds import Guide, both, guide, unique

__all__ = ["guide"]

TEXT = "Explain {{concept}} in simple terms."


# Templates


@both
async def test_S013_S015_S018_S063_S131_a_template_is_made_from_text(guide: Guide) -> None:
    template = await guide.create_prompt_template(name=unique("My Template"), template=TEXT)
    assert isinstance(template, PromptTemplate)
    assert template.placeholders == {"concept"}


@both
async def test_S029_S031_the_prompt_may_be_given_as_messages_in_a_string(guide: Guide) -> None:
    name = unique("Messages")
    template = await guide.create_prompt_template(name=name, messages=TEXT)
    assert template.name == name
    assert template.messages == [{"role": "user", "content": TEXT}]


@both
async def test_S030_both_spellings_of_the_prompt_make_the_same_template(guide: Guide) -> None:
    name = unique("Spelling")
    first = await guide.create_prompt_template(name=name, template=TEXT)
    same, created = await guide.get_or_create_prompt_template(name=name, messages=TEXT)
    assert (same.id, created) == (first.id, False)


@both
async def test_S052_S053_S065_S119_get_or_create_tells_whether_it_created(guide: Guide) -> None:
    name = unique("Once")
    first, created = await guide.get_or_create_prompt_template(name=name, template=TEXT)
    again, created_again = await guide.get_or_create_prompt_template(name=name, template=TEXT)
    assert (created, created_again) == (True, False)
    assert first.id == again.id


@both
async def test_S120_another_text_under_a_known_name_is_its_next_version(guide: Guide) -> None:
    name = unique("API Template")
    first, _ = await guide.get_or_create_prompt_template(name=name, template=TEXT)
    other, created = await guide.get_or_create_prompt_template(name=name, template="Sing about {{concept}}.")
    assert created
    assert (other.name, other.version) == (name, first.version + 1)


@both
async def test_S064_S088_a_template_is_read_by_its_name(guide: Guide) -> None:
    template = await guide.template()
    assert (await guide.get_prompt_template(name=template.name)).id == template.id


@both
async def test_S066_S087_templates_are_listed(guide: Guide) -> None:
    template = await guide.template()
    assert template.id in {listed.id for listed in await guide.list_prompt_templates()}


@both
async def test_S067_a_deleted_template_is_gone(guide: Guide) -> None:
    template = await guide.template()
    await guide.delete_prompt_template(template)
    with pytest.raises(NotFoundError):
        await guide.get_prompt_template(name=template.name)


@both
async def test_S111_two_templates_live_under_two_names(guide: Guide) -> None:
    brief, rich = await guide.gather(
        lambda: guide.template("Explain {{topic}} briefly."),
        lambda: guide.template("Explain {{topic}} with examples."),
    )
    assert brief.id != rich.id


@both
async def test_S091_S092_a_new_version_is_a_template_of_the_same_name(guide: Guide) -> None:
    template = await guide.template()
    newer = await guide.of(template).new_version(template="Explain {{concept}} to a child.")
    assert isinstance(newer, PromptTemplate)
    assert (newer.name, newer.version) == (template.name, template.version + 1)
    assert (await guide.get_prompt_template(name=template.name)).id == newer.id


# Criteria of templates


@both
async def test_S032_S033_S034_S035_generated_criteria_are_in_a_set_named_after_the_template(
    guide: Guide,
) -> None:
    template = await guide.template()
    criteria = await guide.of(template).generate_criteria()
    assert len(criteria) > 0
    criterion_set = await guide.get_criterion_set(name=template.name)
    assert [criterion.id for criterion in criterion_set.criteria] == [criterion.id for criterion in criteria]


@both
async def test_S054_S089_criteria_are_generated_once(guide: Guide) -> None:
    template = await guide.template()
    criteria, generated = await guide.of(template).get_or_generate_criteria()
    again, generated_again = await guide.of(template).get_or_generate_criteria()
    assert (generated, generated_again) == (True, False)
    assert [one.id for one in criteria] == [one.id for one in again]


@both
async def test_S090_criteria_of_a_template_are_listed(guide: Guide) -> None:
    template = await guide.template()
    assert await guide.of(template).list_criteria() == []
    criteria = await guide.of(template).generate_criteria()
    assert [one.id for one in await guide.of(template).list_criteria()] == [one.id for one in criteria]


# Collections


@both
async def test_S036_S068_S132_a_collection_needs_nothing_but_a_name(guide: Guide) -> None:
    collection = await guide.create_collection(name=unique("Bare"))
    assert collection.variables_count == len(collection.variables) == 0


@both
async def test_S037_S039_S040_S133_rows_that_were_added_are_in_the_same_object(guide: Guide) -> None:
    collection = await guide.create_collection(name=unique("Filled"))
    await guide.of(collection).add_many(variables=[{"concept": "recursion"}, {"concept": "closures"}])
    assert [row.input_values["concept"] for row in collection.variables] == ["recursion", "closures"]
    assert len(collection.variables) == collection.variables_count == 2


@both
async def test_S038_every_way_to_a_collection_gives_one_with_methods(guide: Guide) -> None:
    made = await guide.collection()
    read = await guide.get_collection(name=made.name)
    known, _ = await guide.get_or_create_collection(name=made.name)
    listed = next(one for one in await guide.list_collections() if one.id == made.id)
    for number, collection in enumerate((made, read, known, listed)):
        await guide.of(collection).add_many(variables=[{"concept": f"way {number}"}])
    assert (await guide.get_collection(name=made.name)).variables_count == 5


@both
async def test_S055_S056_S070_get_or_create_gives_an_empty_collection_first(guide: Guide) -> None:
    name = unique("Maybe")
    collection, created = await guide.get_or_create_collection(name=name)
    assert (created, collection.variables_count) == (True, 0)
    await guide.of(collection).add_many(variables=[{"topic": "tea"}])
    again, created = await guide.get_or_create_collection(name=name)
    assert (created, again.variables_count) == (False, 1)


@both
async def test_S069_S094_S115_several_collections_are_read_at_once_in_order(guide: Guide) -> None:
    names = [(await guide.collection()).name for _ in range(3)]
    read = await guide.gather(*(lambda name=name: guide.get_collection(name=name) for name in names))
    assert [collection.name for collection in read] == names


@both
async def test_S071_collections_are_listed(guide: Guide) -> None:
    collection = await guide.collection()
    assert collection.name in {listed.name for listed in await guide.list_collections()}


@both
async def test_S072_a_deleted_collection_is_gone(guide: Guide) -> None:
    collection = await guide.collection()
    await guide.delete_collection(collection)
    with pytest.raises(NotFoundError):
        await guide.get_collection(name=collection.name)


@both
async def test_S095_clearing_removes_every_row_here_and_there(guide: Guide) -> None:
    collection = await guide.collection({"concept": "a"}, {"concept": "b"})
    await guide.of(collection).clear()
    assert list(collection.variables) == []
    assert (await guide.get_collection(name=collection.name)).variables_count == 0


@both
async def test_S096_a_row_is_generated_for_a_template(guide: Guide) -> None:
    template, collection = await guide.template(), await guide.collection()
    await guide.of(collection).generate_variables(template)
    assert len(collection.variables) == 2
    assert collection.variables[-1].input_values["concept"]


@both
async def test_S189_S190_rows_hold_several_keys_and_any_text(guide: Guide) -> None:
    template = await guide.template("Explain {{concept}} in {{language}}.")
    assert template.placeholders == {"concept", "language"}
    rows: list[dict[str, Any]] = [
        {"concept": "async/await", "language": "Python"},
        {"concept": 'quotes " and {{braces}}\n', "language": "日本語 🙂"},
    ]
    collection = await guide.collection(*rows)
    read = await guide.get_collection(name=collection.name)
    assert [row.input_values for row in read.variables] == rows


# Criterion sets


@both
async def test_S078_S079_S109_S114_a_criterion_set_needs_nothing_but_a_name(guide: Guide) -> None:
    name = unique("Quality")
    made = await guide.create_criterion_set(name=name)
    read = await guide.get_criterion_set(name=name)
    assert (read.id, read.criteria or []) == (made.id, [])


@both
async def test_S080_a_criterion_set_is_made_once(guide: Guide) -> None:
    name = unique("Once")
    first, created = await guide.get_or_create_criterion_set(name=name)
    again, created_again = await guide.get_or_create_criterion_set(name=name)
    assert (first.id, created, created_again) == (again.id, True, False)


@both
async def test_S081_criterion_sets_are_listed(guide: Guide) -> None:
    made = await guide.create_criterion_set(name=unique("Listed"))
    assert made.id in {listed.id for listed in await guide.list_criterion_sets()}


@both
async def test_S097_S098_S110_criteria_are_added_one_or_many_as_plain_strings(guide: Guide) -> None:
    criterion_set = await guide.create_criterion_set(name=unique("Grown"))
    await guide.of(criterion_set).add_criterion(criterion="Is it short?")
    await guide.of(criterion_set).add_criteria(criteria=["Is it helpful?"])
    await guide.of(criterion_set).add_criteria(["Is it accurate?"])
    read = await guide.get_criterion_set(name=criterion_set.name)
    texts = ["Is it short?", "Is it helpful?", "Is it accurate?"]
    assert [one.criterion_str for one in read.criteria] == texts
    assert [one.criterion_str for one in criterion_set.criteria] == texts


@both
async def test_S099_clearing_a_set_removes_its_criteria(guide: Guide) -> None:
    criterion_set = await guide.create_criterion_set(name=unique("Cleared"), criteria=["Is it short?"])
    await guide.of(criterion_set).clear()
    assert not (await guide.get_criterion_set(name=criterion_set.name)).criteria


@both
async def test_S100_S101_a_set_is_linked_to_a_template_and_unlinked(guide: Guide) -> None:
    template = await guide.template()
    criterion_set = await guide.create_criterion_set(name=unique("Linked"), criteria=["Is it short?"])
    await guide.of(criterion_set).link_template(template)
    assert [one.criterion_str for one in await guide.of(template).list_criteria()] == ["Is it short?"]
    await guide.of(criterion_set).unlink_template(template)
    assert await guide.of(template).list_criteria() == []


# LLM configs


@both
async def test_S082_S083_S084_S085_llm_configs_are_made_read_and_listed(guide: Guide) -> None:
    name = unique("Model")
    made = await guide.create_llm_config(name=name, llm_model_name="some-model", api_key="not-a-key")
    assert (await guide.get_llm_config(name=name)).id == made.id
    again, created = await guide.get_or_create_llm_config(name=name)
    assert (again.id, created) == (made.id, False)
    assert made.id in {listed.id for listed in await guide.list_llm_configs()}


@both
async def test_S127_a_template_a_collection_and_a_set_are_read_at_once(guide: Guide) -> None:
    template, collection = await guide.template(), await guide.collection()
    criterion_set = await guide.create_criterion_set(name=unique("With"))
    read = await guide.gather(
        lambda: guide.get_prompt_template(name=template.name),
        lambda: guide.get_collection(name=collection.name),
        lambda: guide.get_criterion_set(name=criterion_set.name),
    )
    assert [one.id for one in read] == [template.id, collection.id, criterion_set.id]


@pytest.mark.parametrize("kind", ["collection", "criterion_set"])
@both
async def test_S138_S142_a_taken_name_is_a_conflict_for_other_kinds_too(guide: Guide, kind: str) -> None:
    name = unique("Taken")
    create = getattr(guide, f"create_{kind}")
    await create(name=name)
    with pytest.raises(ConflictError, match=name):
        await create(name=name)
