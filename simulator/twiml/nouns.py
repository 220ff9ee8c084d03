"""What Dial may hold: each noun with its attributes and their values. Sources are those of `grammar`."""

from simulator.twiml.elements import PARAMETER, SCHEMA, Element, Rule, names
from simulator.twiml.values import RECORDING_EVENTS, TONES, TRIMMED, address, boolean, matching, method, one_of, some_of, whole

ROOM_RECORDED = one_of("do-not-record", "record-from-start", "true", "false")
CALL_EVENTS = some_of("initiated", "ringing", "answered", "completed")
ROOM_EVENTS = some_of("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")

# What every leg that Dial places may say: what it hears first, and who is told.
LEG: dict[str, Rule] = names("url statusCallback") | {
    "method": (method, SCHEMA),
    "statusCallbackMethod": (method, SCHEMA),
    "statusCallbackEvent": (CALL_EVENTS, SCHEMA),
}
DETECTION: dict[str, Rule] = names("amdStatusCallback") | {
    "amdStatusCallbackMethod": (method, SCHEMA),
    "machineDetection": (one_of("Enable", "DetectMessageEnd"), SCHEMA),
    "machineDetectionTimeout": (whole(3, 59), SCHEMA),
    "machineDetectionSpeechThreshold": (whole(1000, 6000), SCHEMA),
    "machineDetectionSpeechEndThreshold": (whole(500, 5000), SCHEMA),
    "machineDetectionSilenceTimeout": (whole(2000, 10000), SCHEMA),
}
NUMBER = Element(
    LEG | DETECTION | names("action byoc callReason") | {"method": (method, 13221), "sendDigits": (TONES, 13222)}, text=True
)
CLIENT = Element(LEG, {"Identity": Element(text=True), "Parameter": PARAMETER}, text=True)
APPLICATION = Element(
    LEG | names("customerId") | {"copyParentTo": (boolean, SCHEMA)},
    {"ApplicationSid": Element(text=True), "Parameter": PARAMETER},
    text=True,
)
SIP = Element(
    LEG | DETECTION | names("username password") | {"method": (method, 13241), "sendDigits": (TONES, 13242)},
    {
        "Uri": Element(names("username password priority weight"), text=True),
        "Headers": Element(children={"Header": PARAMETER}),
    },
    text=True,
)
QUEUE = Element(
    names("callSid reservationSid postWorkActivitySid") | {"method": (method, 14210), "url": (address, 14211)}, text=True
)
CONFERENCE = Element(
    names("coach coachChannel eventCallback recordingConfigurationId url whisper whisperChannel WhisperChannel")
    | {
        "muted": (boolean, 13230),
        "endConferenceOnExit": (boolean, 13231),
        "startConferenceOnEnter": (boolean, 13232),
        "waitUrl": (address, 13233),
        "waitMethod": (method, 13234),
        "beep": (one_of("true", "false", "onEnter", "onExit"), 13235),
        "maxParticipants": (whole(2, 250), 16002),
        "participantLabel": (matching(r"[\s\S]{1,128}"), 16002),
        "record": (ROOM_RECORDED, 16002),
        "trim": (TRIMMED, 13239),
        "region": (one_of("us1", "us2", "ie1", "sg1", "br1", "au1", "jp1", "de1"), 16002),
        "jitterBufferSize": (one_of("large", "medium", "small", "off"), 16002),
        "statusCallback": (address, 16002),
        "statusCallbackMethod": (method, 16002),
        "statusCallbackEvent": (ROOM_EVENTS, 16002),
        "recordingStatusCallback": (address, 16002),
        "recordingStatusCallbackMethod": (method, 16002),
        "recordingStatusCallbackEvent": (RECORDING_EVENTS, 16002),
        "eventCallbackUrl": (address, 16002),
        "eventCallbackMethod": (method, 16002),
        "method": (method, SCHEMA),
    },
    text=True,
)

DIALLED: dict[str, Element] = {
    "Number": NUMBER,
    "Client": CLIENT,
    "Conference": CONFERENCE,
    "Queue": QUEUE,
    "Sip": SIP,
    "Sim": Element(text=True),
    "Application": APPLICATION,
    "WhatsApp": Element(LEG, text=True),
}
