"""What each verb of a voice document does: a table from its name to a coroutine."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import sound
from simulator.addresses import resolve
from simulator.calls import Call, CallStatus, Instructions, Target
from simulator.twiml import Alarm, Verb
from simulator.webhooks import Hook

if TYPE_CHECKING:
    from simulator.telephony import Telephony

SECONDS_PER_WORD = 60 / 150
SECONDS_WITHOUT_HEADER = 2.0
SHORTEST_SOUND = 0.1  # a sound of no length, looped, would never let time pass
MAX_LOOPS = 1000


class HangUp:
    """The outcome of a verb that ends the call, with the status it ends with."""

    def __init__(self, status: CallStatus = CallStatus.COMPLETED) -> None:
        self.status = status


Outcome = Instructions | HangUp | None  # None: go on with the next verb


@dataclass
class Stage:
    """What a verb works with: its call, what runs the call, where its document came from, where warnings go."""

    telephony: "Telephony"
    call: Call
    base_url: str
    alarm: Alarm

    async def rest(self, seconds: float) -> None:
        """Let time pass on the line."""
        await self.call.rest(self.telephony.clock, seconds)

    def resolve(self, url: str) -> str:
        """Make an address of the document absolute."""
        return resolve(self.base_url, url)

    def note(self, verb: str, text: str, **details: str) -> None:
        """Write what the phone hears into the transcript."""
        self.telephony.note(self.call, "twilio", verb, text, **details)

    def whole_number(self, verb: Verb, attribute: str, default: int, code: int) -> int:
        """Read an attribute that counts; what is not a number from 0 up is a warning, and the default holds."""
        text = verb.get(attribute, str(default)).strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            return int(text)
        self.alarm(code, f"{verb.name}: Invalid {attribute} value", "warning")
        return default

    def loops(self, verb: Verb, code: int) -> int:
        """Read how often to repeat; 0 is for ever, and that ends after 1,000 times."""
        return min(self.whole_number(verb, "loop", 1, code) or MAX_LOOPS, MAX_LOOPS)

    def method(self, verb: Verb, code: int) -> str:
        """Read the method attribute, POST unless it says GET."""
        text = verb.get("method", "POST").strip().upper()
        if text in {"GET", "POST"}:
            return text
        self.alarm(code, f"{verb.name}: Invalid method value", "warning")
        return "POST"


async def say(stage: Stage, verb: Verb) -> Outcome:
    """Speak a text at about 150 words a minute."""
    if not verb.text:
        stage.alarm(13520, "Say: Invalid text", "warning")
        return None
    loops = stage.loops(verb, 13510)
    for _ in range(loops):
        stage.note("Say", verb.text, voice=verb.get("voice"), language=verb.get("language"))
        await stage.rest(max(len(verb.text.split()), 1) * SECONDS_PER_WORD)
    return None


async def play(stage: Stage, verb: Verb) -> Outcome:
    """Play tones or a file, really fetched; a file that cannot be played is an error, and the call goes on."""
    if "digits" in verb.attributes:
        return await _play_digits(stage, verb.get("digits"))
    loops = stage.loops(verb, 13410)
    url = stage.resolve(verb.text)
    hook = Hook("media", stage.call.sid, url, "GET", cookies=stage.call.cookies, truncate=True)
    reply = await stage.telephony.webhooks.fetch(hook)
    stage.call.check()
    if reply.error is not None:
        return None
    if not (reply.content_type or "").lower().startswith("audio/"):
        reply.entry.alert(13420, f"Play: Invalid Content-Type: {reply.content_type or 'none'}")
        return None
    seconds = sound.wave_seconds(reply.body)
    for _ in range(loops):
        stage.note("Play", url)
        await stage.rest(SECONDS_WITHOUT_HEADER if seconds is None else max(seconds, SHORTEST_SOUND))
    return None


async def _play_digits(stage: Stage, digits: str) -> Outcome:
    if not re.fullmatch(r"[0-9A-D#*wW]{1,64}", digits):
        stage.alarm(13430, "Play: Invalid DTMF String", "warning")
        return None
    await send_tones(stage, digits)
    return None


async def send_tones(stage: Stage, digits: str) -> None:
    """Send tones: `w` waits half a second, `W` one."""
    for piece in re.findall(r"[wW]|[^wW]+", digits):
        if piece in "wW":
            await stage.rest(0.5 if piece == "w" else 1.0)
        else:
            stage.note("Digits", piece)


async def pause(stage: Stage, verb: Verb) -> Outcome:
    """Be silent for some seconds."""
    await stage.rest(stage.whole_number(verb, "length", 1, 13910))
    return None


async def redirect(stage: Stage, verb: Verb) -> Outcome:
    """Go on with another document; the method is POST unless it is given, whatever this one was fetched with."""
    return Instructions(Target(stage.resolve(verb.text), stage.method(verb, 13710)))


async def reject(stage: Stage, verb: Verb) -> Outcome:
    """Refuse an incoming call that is not answered yet; any other is only ended."""
    reason = verb.get("reason", "rejected")
    if reason not in {"rejected", "busy"}:
        stage.alarm(12200, "Schema validation warning: Reject has no such reason", "warning")
    if stage.call.answered_at is not None:
        return HangUp()
    return HangUp(CallStatus.BUSY if reason == "busy" else CallStatus.NO_ANSWER)


async def hangup(stage: Stage, verb: Verb) -> Outcome:
    """End the call."""
    return HangUp()


async def sms(stage: Stage, verb: Verb) -> Outcome:
    """Send a text during a call: from the account's number to the phone, unless the verb says otherwise."""
    call = stage.call
    own = call.to_number if call.incoming else call.from_number
    callback = verb.get("statusCallback") or verb.get("action")
    stage.telephony.send_text(
        verb.get("from") or own,
        verb.get("to") or call.phone_number,
        verb.text,
        Target(stage.resolve(callback), stage.method(verb, 14104)) if callback else None,
        stage.alarm,
    )
    return None


VERBS: Mapping[str, Callable[[Stage, Verb], Awaitable[Outcome]]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Redirect": redirect,
    "Reject": reject,
    "Hangup": hangup,
    "Sms": sms,
}
