"""Names in a flow file, and other small values that stand in many places of it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

NAME = r"[a-z][a-z0-9_-]{0,39}"
Name = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
TARGET = rf"{NAME}(\.{NAME})?"  # a step here, or flow.step
Target = Annotated[str, StringConstraints(pattern=f"^{TARGET}$")]
KEY = r"^[0-9*#]$"
Key = Annotated[str, StringConstraints(pattern=KEY)]
KEYS = r"^[0-9*#]{1,10}$"
PIN = r"^[0-9]{4,12}$"
LANGUAGE = r"^[a-z]{2,3}-[A-Z]{2}$"
VOICE = r"^(man|woman|alice|(Polly|Google)\.[A-Za-z0-9-]+)$"
Seconds = Annotated[int, Field(ge=1, le=600)]


def one_or_more(given: Any) -> Any:
    """Let a single text stand for a list of one."""
    return (given,) if isinstance(given, str) else given
