"""Who wants no texts from us: STOP, START, HELP and their kin, which Twilio acts on and answers by itself.

Twilio keeps a list of its own, and refuses what it forbids with error 21610; ours is a copy of it, kept by what people text and by
those refusals (https://help.twilio.com/articles/223134027). The two differ where a webhook never came: who stopped then is found
out by the first refusal; who started again then is still on our list, and gets off it with one more START.
"""

from app.flow.texts import HELP, START, STOP
from app.ledger import NO_ANSWER, TextAnswer, optouts

REFUSED = 21610  # Twilio's error for a text to somebody who opted out of the number it comes from

WORDS = dict.fromkeys(STOP, "STOP") | dict.fromkeys(START, "START") | dict.fromkeys(HELP, "HELP")


def heed(line: str, number: str, body: str, opt_out_type: str, otherwise: TextAnswer) -> TextAnswer:
    """The answer to a text from `number` to `line`: none where Twilio answers it, which changes the list; else `otherwise`.

    `opt_out_type` is what Twilio takes the text for where a messaging service has words of its own (Advanced Opt-Out), else "".
    """
    match opt_out_type if opt_out_type in WORDS else WORDS.get(body.strip().upper()):
        case "STOP":
            return optouts.stop(line, number)
        case "START":  # a YES of somebody who never stopped is no such word at Twilio, and gets an answer like any text
            return optouts.start(line, number, NO_ANSWER if opt_out_type else otherwise)
        case "HELP":
            return NO_ANSWER
        case _:
            return otherwise


def decides(body: str) -> bool:
    """Whether a text says that its sender wants no texts, or wants them again."""
    return WORDS.get(body.strip().upper()) in ("STOP", "START")


def is_answered_by_twilio(body: str, opt_out_type: str) -> bool:
    """Whether Twilio may have answered a text; it needs no database, and so cannot tell who never stopped."""
    return opt_out_type in WORDS or body.strip().upper() in WORDS


def may_text(line: str, number: str) -> bool:
    """Whether `number` may be sent texts from `line`. Raises LedgerUnavailable."""
    return not optouts.has_stopped(line, number)


def note_refusal(line: str, number: str) -> None:
    """Keep that Twilio would not send a text from `line` to `number`, for it opted out."""
    optouts.note_stop(line, number)
