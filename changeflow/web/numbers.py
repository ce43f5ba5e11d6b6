"""Numbers in addresses: a positive number that every database can hold. Any other number leads to no page of ours."""

from starlette.convertors import Convertor, register_url_convertor

KIND = "number"


class NumberConvertor(Convertor[int]):
    """A positive whole number of at most nine digits."""

    regex = "[1-9][0-9]{0,8}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


def register() -> None:
    """Let routes write `{n:number}`."""
    register_url_convertor(KIND, NumberConvertor())
