"""Say, Play and Pause: what Twilio lets be heard, or not."""

import re

from simulator.twiml.document import Verb
from simulator.voice import sound
from simulator.voice.stage import Outcome, Stage, speaking_seconds
from simulator.web.webhooks import Hook

SECONDS_WITHOUT_HEADER = 2.0
SHORTEST_SOUND = 0.1  # a sound of no length, looped, would never let time pass
MAX_LOOPS = 1000


def _loops(verb: Verb) -> int:
    """Read how often to repeat; 0 is for ever, and that ends after 1,000 times."""
    return min(verb.number("loop", 1) or MAX_LOOPS, MAX_LOOPS)


async def say(stage: Stage, verb: Verb) -> Outcome:
    """Speak a text at about 150 words a minute."""
    if not verb.text:
        stage.alarm(13520, "Say: Invalid text", "warning")
        return None
    seconds = speaking_seconds(verb.text) + verb.silence
    for _ in range(_loops(verb)):
        details = {"voice": verb.get("voice"), "language": verb.get("language")}
        stage.telephony.hearing.utter(stage.call, "Say", verb.text, seconds, **details)
        await stage.rest(seconds)
    return None


async def play(stage: Stage, verb: Verb) -> Outcome:
    """Play tones or a file, really fetched; a file that cannot be played is an error, and the call goes on."""
    if "digits" in verb.attributes:
        return await _play_digits(stage, verb.get("digits"))
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
    for _ in range(_loops(verb)):
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
            stage.telephony.hearing.utter(stage.call, "Digits", piece, 0.0)


async def pause(stage: Stage, verb: Verb) -> Outcome:
    """Be silent for some seconds."""
    await stage.rest(verb.number("length", 1))
    return None
