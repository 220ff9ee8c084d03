"""What TwiML may hold: for each verb and noun its attributes with their values, its children, and whether it has text.

Facts: Twilio's voice schema (twiml_v20100401), its helper libraries (twilio-node 6.2, twilio-python 9.13) and the pages
under https://www.twilio.com/docs/voice/twiml; the codes of bad values are those of https://www.twilio.com/docs/api/errors.
Where Twilio has no code for a value, its schema's 12200 stands.
"""

from collections.abc import Mapping
from dataclasses import replace

from simulator.twiml.elements import PARAMETER, SCHEMA, Element, Rule, names
from simulator.twiml.nouns import DIALLED
from simulator.twiml.values import (
    HEARD_LANGUAGE,
    KEYS,
    RECORDING_EVENTS,
    SPEECH_MODEL,
    SPEED,
    SPOKEN_LANGUAGE,
    TRIMMED,
    VOICE,
    address,
    boolean,
    matching,
    method,
    number_or,
    one_of,
    some_of,
    whole,
)

# Twilio's list calls these errors; every other code of a value or of a place is a warning.
ERRORS = frozenset({13231, 13239, 13257, 13338, 13621, 14201, 14202, 14203, 14206, 14210, 14211, 16002})
# What goes on beside the call: without it, the call is the same to those who speak.
BACKGROUND = frozenset({"Start", "Stop", "Annotate", "Publish"})
# What is Twilio's, and cannot be left out without the call becoming another one: it ends there, with a sentence.
KNOWN_NOT_SIMULATED = frozenset({"Connect", "Echo", "Pay", "Prompt", "Queue", "Refer"})

FREE = Element(free=True)
RECORDED = one_of(
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
    "true",
    "false",
)
COUNTRIES = """at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us
    us-old tw ve za"""
SPEECH_BREAKS = ("none", "x-weak", "weak", "medium", "strong", "x-strong")


def _ssml() -> dict[str, Element]:
    """Make the elements of speech, each of which may hold any other: what a voice makes of them is not our concern."""
    inside: dict[str, Element] = {}
    attributes: dict[str, dict[str, Rule]] = {
        "break": names("time") | {"strength": (one_of(*SPEECH_BREAKS), SCHEMA)},
        "emphasis": {"level": (one_of("strong", "moderate", "reduced", "none"), SCHEMA)},
        "lang": names("xml:lang onlangfailure"),
        "p": names("xml:lang"),
        "phoneme": names("alphabet ph"),
        "prosody": names("pitch volume contour range duration amazon:max-duration") | {"rate": (SPEED, 13513)},
        "s": names("xml:lang"),
        "say-as": names("interpret-as format detail role"),
        "sub": names("alias"),
        "w": names("role"),
        "mark": names("name"),
        "amazon:auto-breaths": names("volume frequency duration"),
        "amazon:breath": names("volume duration"),
        "amazon:domain": names("name"),
        "amazon:effect": names("name phonation vocal-tract-length"),
        "amazon:emotion": names("name intensity"),
    }
    for name, allowed in attributes.items():
        inside[name] = Element(allowed, inside, text=True)
    return inside


SSML = _ssml()
# Characters in one Say, by the voice's maker: https://www.twilio.com/docs/api/errors/13521
LONGEST_SAY = {"polly": 3000, "google": 5000}
LONGEST_BASIC_SAY = 4096
LONGEST_TRANSCRIBED = 120  # seconds: https://www.twilio.com/docs/voice/twiml/record#transcribe


def _too_long_to_say(values: Mapping[str, str], text: str) -> tuple[int, str] | None:
    longest = LONGEST_SAY.get(values.get("voice", "").partition(".")[0].lower(), LONGEST_BASIC_SAY)
    return (13521, f"Say: {len(text)} characters are more than {longest}") if len(text) > longest else None


def _model_needs_seconds(values: Mapping[str, str], text: str) -> tuple[int, str] | None:
    if values.get("speechTimeout") == "auto" and "speechModel" in values:
        return 13335, "Gather: speechTimeout auto cannot be used with a speechModel"
    return None


def _too_long_to_transcribe(values: Mapping[str, str], text: str) -> tuple[int, str] | None:
    if values.get("transcribe") == "true" and int(values.get("maxLength", "0")) > LONGEST_TRANSCRIBED:
        return 13615, "Record: maxLength too high for transcription"
    return None


def _say(voice: int, loop: int) -> Element:
    attributes: dict[str, Rule] = {
        "voice": (VOICE, voice),
        "language": (SPOKEN_LANGUAGE, 13512),
        "loop": (whole(), loop),
        "rate": (SPEED, 13513),
    }
    return Element(attributes, SSML, text=True, spoken=True, clash=_too_long_to_say)


SAY = _say(13511, 13510)
PLAY = Element(names("digits") | {"loop": (whole(), 13410)}, text=True)
PAUSE = Element(names("timeout until") | {"length": (whole(), 13910)})
REDIRECT = Element({"method": (method, 13710)}, text=True)
SMS = Element(names("to from action statusCallback") | {"method": (method, 14104)}, text=True)

GATHER = Element(
    names("action partialResultCallback grammar grammarUrl secure")
    | {
        "input": (some_of("dtmf", "speech"), 13326),
        "finishOnKey": (KEYS, 13310),
        "numDigits": (whole(1), 13314),
        "timeout": (number_or("auto"), 13313),
        "method": (method, 13312),
        "actionOnEmptyResult": (boolean, 13338),
        "speechTimeout": (number_or("auto"), 13327),
        "maxSpeechTime": (whole(1), 13328),
        "hints": (matching(r"[\s\S]{0,10000}"), 13330),
        "language": (HEARD_LANGUAGE, 13331),
        "bargeIn": (boolean, 13332),
        "profanityFilter": (boolean, 13333),
        "speechModel": (SPEECH_MODEL, 13334),
        "debug": (boolean, 13336),
        "enhanced": (boolean, 13339),
        "partialResultCallbackMethod": (method, 13329),
    },
    {"Say": _say(13321, 13322), "Play": PLAY, "Pause": PAUSE},
    misplaced=13320,
    clash=_model_needs_seconds,
)

RECORD = Element(
    names("action recordingConfigurationId")
    | {
        "method": (method, 13610),
        "timeout": (whole(), 13611),
        "maxLength": (whole(1), 13612),
        "finishOnKey": (KEYS, 13613),
        "transcribe": (boolean, 13614),
        "transcribeCallback": (address, 13257),
        "playBeep": (boolean, 13616),
        "trim": (TRIMMED, 13699),
        "recordingStatusCallback": (address, 13256),
        "recordingStatusCallbackMethod": (method, SCHEMA),
        "recordingStatusCallbackEvent": (RECORDING_EVENTS, 13621),
        "recordingTrack": (one_of("both", "inbound", "outbound"), 13622),
    },
    clash=_too_long_to_transcribe,
)

DIAL = Element(
    names("action callerId hangupOn events newCallSid passports recordingChannels recordingConfigurationId referUrl sim")
    | {
        "method": (method, 13210),
        "ifMachine": (one_of("Continue", "Hangup"), 13211),
        "timeout": (whole(1), 13212),
        "hangupOnStar": (boolean, 13213),
        "timeLimit": (whole(1), 13216),
        "record": (RECORDED, 13217),
        "sequential": (boolean, 13218),
        "answerOnBridge": (boolean, 13219),
        "ringTone": (one_of(*COUNTRIES.split()), 13220),
        "trim": (TRIMMED, 13699),
        "recordingTrack": (one_of("both", "inbound", "outbound"), 13622),
        "recordingStatusCallback": (address, 13256),
        "recordingStatusCallbackMethod": (method, SCHEMA),
        "recordingStatusCallbackEvent": (RECORDING_EVENTS, 13621),
        "transcribe": (boolean, SCHEMA),
        "transcribeCallback": (address, 13257),
        "referMethod": (method, SCHEMA),
    },
    DIALLED,
    text=True,
    misplaced=13215,
)
ENQUEUE = Element(
    names("workflowSid")
    | {
        "action": (address, 14203),
        "method": (method, 14201),
        "waitUrl": (address, 14202),
        "waitUrlMethod": (method, 14206),
        "maxQueueSize": (whole(1, 5000), SCHEMA),
    },
    {
        "Task": Element({"priority": (whole(), SCHEMA), "timeout": (whole(), SCHEMA)}, text=True),
        "TaskAttributes": Element(text=True),
    },
    text=True,
)

VOICE_VERBS = Element(
    names("version"),
    {
        "Say": SAY,
        "Play": PLAY,
        "Pause": PAUSE,
        "Gather": GATHER,
        "Record": RECORD,
        "Dial": DIAL,
        "Enqueue": ENQUEUE,
        "Leave": Element(),
        "Redirect": REDIRECT,
        "Reject": Element({"reason": (one_of("rejected", "busy"), SCHEMA)}, {"Parameter": PARAMETER}),
        "Hangup": Element(children={"Parameter": PARAMETER}),
        "Sms": SMS,
    }
    | dict.fromkeys(KNOWN_NOT_SIMULATED | BACKGROUND, FREE),
)
MESSAGE_VERBS = Element(
    names("version"),
    {
        "Message": replace(SMS, children={"Body": Element(text=True), "Media": Element(text=True)}),
        "Sms": SMS,
        "Redirect": REDIRECT,
    },
    misplaced=14110,
)


def _names_in(element: Element, found: set[str]) -> set[str]:
    for name, child in element.children.items():
        if name not in found:
            found.add(name)
            _names_in(child, found)
    return found


KNOWN_NAMES = frozenset(_names_in(VOICE_VERBS, set()) | _names_in(MESSAGE_VERBS, set()))
