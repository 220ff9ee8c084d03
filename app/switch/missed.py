"""The text to a caller who wanted to speak to somebody, and did not."""

from app import phone
from app.flow.prompts import filled
from app.models import CALL_ENDS
from app.switch.numbers import is_anonymous
from app.switch.turns import Asked, Switch


def words(switch: Switch, asked: Asked) -> str | None:
    """The words for the caller if the call was missed, by the flow of the number that was called.

    Who hangs up while it rings was not served either. None while the call goes on, for calls of our own and their legs, where the
    flow has no words, and for who gets no texts.
    """
    if asked.value("CallStatus") not in CALL_ENDS or asked.value("Direction") != "inbound":
        return None
    missed = switch.flow.file_for(asked.line).missed
    if missed is None or switch.is_from_us(asked) or is_anonymous(asked.party) or not phone.gets_texts(asked.party):
        return None
    return filled(missed.text, asked.field)
