"""Whether the server is ready."""

from elluminate_api.models import Health
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from elluminate_server import __version__
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Unavailable


@operation("get_health")
async def get_health(call: Call) -> Answer:
    """Ready when the database answers."""
    try:
        async with call.read() as session:
            await session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        raise Unavailable(f"The database does not answer ({type(error).__name__}).") from error
    return call.answer(Health(status="ok", version=__version__))
