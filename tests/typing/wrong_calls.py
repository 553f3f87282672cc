"""Calls that are wrong, never run: type checkers must report every line marked with E, and no other."""

from __future__ import annotations

from elluminate import AsyncClient, Client, LLMConfig, RetryConfig
from elluminate.schemas import Experiment, PromptTemplate, TemplateVariablesCollectionWithEntries


def construct() -> None:
    Client(url="http://evals.test")  # E
    Client(timeout="60")  # E
    Client(project_id="7")  # E
    AsyncClient(retry_config=3)  # E
    RetryConfig(max_attempts="3")  # E


def call(client: Client, template: PromptTemplate, rows: TemplateVariablesCollectionWithEntries) -> None:
    client.create_prompt_template()  # E
    client.create_prompt_template(7, "text")  # E
    client.create_prompt_template("Explain", prompt="text")  # E
    client.get_prompt_template("Explain")  # E
    client.create_collection("Concepts", variables=["recursion"])  # E
    client.create_collection("Concepts", collection_type="GRAPH")  # E
    client.get_or_create_collection("Concepts", {"descriptoin": "x"})  # E
    client.create_criterion_set("Quality", criteria=[7])  # E
    client.create_llm_config("Small", "small-1")  # E
    client.create_llm_config("Small", "small-1", "key", temperature="hot")  # E
    client.run_experiment("First", rows, template)  # E
    client.run_experiment("First", template, 7)  # E
    client.delete_collection("Concepts")  # E
    client.run_experiment("First", template, rows, epochs=3)  # E
    client.run_experiment("First", template, rows, n_epochs="3")  # E
    client.create_experiment("First", template, rows, evaluation_mode="GRAPH")  # E
    client.stream_experiment("First", template, rows, polling_interval="1")  # E
    client.stream_batch_rate([template])  # E
    client.delete_collection(template)  # E
    client.list_experiments(llm_config=7)  # E
    client.run_experimnet("First", template, rows)  # E
    template.new_version(mesages="text")  # E
    rows.add_many("concept")  # E
    rows.add_from_csv(7)  # E
    client.run_experiment("First", template, rows, progress="yes")  # E
    client.run_experiment("First", None, rows, target="answer")  # E
    client.with_options(retries=3)  # E
    client.iter_experiments("First")  # E
    name: int = client.get_collection(id=1).name  # E
    print(name)


async def call_async(client: AsyncClient, experiment: Experiment, config: LLMConfig) -> None:
    await client.get_collection(id="20")  # E
    await experiment.arun(epochs=3)  # E
    await experiment.aclone()  # E
    print(experiment.results.mean_all_ratings)  # E
    (await client.list_llm_configs())[0].temperature + 1  # E
    with client:  # E
        pass
    async for event in client.stream_experiment("First", None, experiment.collection):
        print(event.progress.percent_complete)  # E
        print(event.stauts)  # E
