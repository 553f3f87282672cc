from ..types import OpenEnum


class LLMConfigProblem(OpenEnum):
    """config: the config cannot be used, so that nothing was sent. key: the endpoint does not take the API key. quota: the account behind the key is used up or closed. model_or_address: the endpoint does not know the model, or is at another address. busy: it has too much to do, or gets too much from this key. unreachable: nothing answers at the address. time_out: there was no answer in time. refused: the endpoint does not take the request, a parameter, say. endpoint: it failed. answer: its answer cannot be used."""

    ANSWER = "answer"
    BUSY = "busy"
    CONFIG = "config"
    ENDPOINT = "endpoint"
    KEY = "key"
    MODEL_OR_ADDRESS = "model_or_address"
    QUOTA = "quota"
    REFUSED = "refused"
    TIME_OUT = "time_out"
    UNREACHABLE = "unreachable"
