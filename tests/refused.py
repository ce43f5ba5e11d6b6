"""The refusals in a log that a test reads with the fixture `logged`."""

import io
import json


def refusals(stream: io.StringIO) -> list[dict[str, str]]:
    """Take the refusals out of a log, which is then empty."""
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    stream.seek(0)
    stream.truncate()
    return [line for line in lines if line["event"] == "refused"]
