"""Responses that are generated on request: one now, or many in the background together with given ones."""

from elluminate_api import models

from elluminate_server.execution.now import answer_now
from elluminate_server.execution.queueing import add_responses
from elluminate_server.execution.storing import store_responses
from elluminate_server.http.pipeline import Answer, Call, Overtaken, operation
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.batch_status import answer_status
from elluminate_server.reading.responses import load_response
from elluminate_server.store.states import RESPONSES
from elluminate_server.writing.response_orders import checked_orders


@operation("create_responses_batch")
async def create_responses_batch(call: Call) -> Answer:
    """Store the given responses at once, and generate the others in the background. Null when there are none."""
    request = call.decode(models.BatchCreatePromptResponseRequest)
    async with call.write() as session:
        orders = await checked_orders(
            session, call.project_id, request.prompt_response_ins, where="$.prompt_response_ins[{}]"
        )
        task_id = await add_responses(session, call.executor.process, call.project_id, orders)
        call.on_commit(call.executor.wake)
        return call.answer(task_id)


@operation("get_responses_batch_status")
async def get_responses_batch_status(call: Call) -> Answer:
    """The state of a response batch. An unknown task reads as PENDING."""
    return await answer_status(call, RESPONSES)


@operation("generate_response")
async def generate_response(call: Call) -> Answer:
    """Generate one response and wait for it. A failed call is a response with an error, as in a run."""
    request = call.decode(models.CreatePromptResponseRequest)
    if request.messages or request.error:
        raise Invalid("$.messages: must be empty, the response is generated. To store one, POST /responses.")
    async with call.read() as session:
        (order,) = await checked_orders(session, call.project_id, [request], where="$")
    answer = await answer_now(
        call.store,
        call.models,
        experiment_id=order.experiment_id,
        entry_id=order.entry_id,
        epoch=order.epoch,
        llm_config_id=order.llm_config_id,
    )
    async with call.write() as session:
        connection = await session.connection()
        (response_id,) = await connection.run_sync(store_responses, [answer])
        if response_id is None:
            raise Overtaken
        return call.answer(await load_response(session, response_id))
