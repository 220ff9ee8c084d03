"""What calls do with Gather, Record and Dial: one row a fact, played on the phones.

Facts are restated from Twilio's docs (https://www.twilio.com/docs/voice/twiml and its pages for each verb), its list of
errors (https://www.twilio.com/docs/api/errors), captured requests, and the tests of somleng/somleng-switch (MIT),
RestComm and sprucehealth/twimulator; where those disagree, a setting decides, and where they are silent the row says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.driver import Handset, Simulator

LINE = "+15550001111"
CALLER = "+15550002222"
OTHER = "+15550004444"
THIRD = "+15550005555"

Step = tuple[str, Any]
Ask = tuple[str, str, dict[str, str]]


@dataclass
class Case:
    """A document at /voice, what the people on the phones do, and what the application is then asked beside it.

    Steps: wait seconds; press, speak (text or (text, seconds)), hangup by the caller; the same with `other-` by the phone
    that is called; habits of that phone; redirect by the REST API. An ask is a method, a path and parameters, of which
    a value of "…" stands for any, and of None for a missing one.
    """

    id: str
    twiml: str
    steps: list[Step] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    says: list[str] | None = None
    codes: list[int] = field(default_factory=list)
    ends: str = "completed"
    get: bool = False  # the document is asked for by GET


def asked(path: str, **params: str | None) -> Ask:
    return ("POST", path, params)  # type: ignore[return-value]


def got(path: str, **params: str | None) -> Ask:
    return ("GET", path, params)  # type: ignore[return-value]


REAL = {"CallSid": "…", "AccountSid": "…", "From": CALLER, "To": LINE, "CallStatus": "in-progress", "ApiVersion": "2010-04-01"}

GATHER = [
    Case("default-action", "<Gather/><Play>never</Play>", [("press", "1"), ("wait", 6)], [asked("/voice", Digits="1")]),
    Case("action-absolute", '<Gather action="{site}/g"/>', [("press", "1#")], [asked("/g", Digits="1")]),
    Case("action-relative", '<Gather action="/g"/>', [("press", "1#")], [asked("/g", Digits="1")]),
    Case("action-query-kept", '<Gather action="/g?a=1&amp;b=2"/>', [("press", "1#")], [asked("/g?a=1&b=2", Digits="1")]),
    Case("method-get", '<Gather action="/g" method="GET"/>', [("press", "1#")], [got("/g", Digits="1", CallSid="…")]),
    Case("no-input-goes-on", "<Gather/><Say>bye</Say>", [("wait", 8)], says=["bye"]),
    Case("no-input-at-the-end", '<Gather action="/g"/>', [("wait", 6)], says=[]),
    Case("finish-key-first", '<Gather action="/g"/><Say>bye</Say>', [("press", "#")], says=["bye"]),
    Case(
        "nothing-before-the-timeout",
        '<Gather timeout="3" action="/g"/><Say>bye</Say>',
        [("wait", 2.9)],
        ends="in-progress",
        says=[],
    ),
    Case("timeout", '<Gather timeout="3" action="/g"/><Say>bye</Say>', [("wait", 3.1)], ends="in-progress", says=["bye"]),
    Case(
        "timeout-starts-after-the-prompt",
        '<Gather timeout="3" action="/g"><Say>one two three four five</Say></Gather><Say>bye</Say>',
        [("wait", 4.9)],
        ends="in-progress",
        says=["one two three four five"],
    ),
    Case(
        "timeout-between-keys",
        '<Gather action="/g"/>',
        [("press", "1"), ("wait", 4), ("press", "2"), ("wait", 5.1)],
        [asked("/g", Digits="12")],
    ),
    Case("key-restarts-the-timeout", '<Gather action="/g"/>', [("press", "1"), ("wait", 4.9)], ends="in-progress"),
    Case("finish-key-default", '<Gather action="/g"/>', [("press", "1234#")], [asked("/g", Digits="1234", FinishedOnKey="#")]),
    Case("finish-key-star", '<Gather action="/g" finishOnKey="*" numDigits="5"/>', [("press", "99*")], [asked("/g", Digits="99")]),
    Case("hash-is-data", '<Gather action="/g" finishOnKey="*"/>', [("press", "1#2*")], [asked("/g", Digits="1#2")]),
    Case("several-finish-keys", '<Gather action="/g" finishOnKey="*#"/>', [("press", "12*")], [asked("/g", Digits="12")]),
    Case("no-finish-key", '<Gather action="/g" finishOnKey=""/>', [("press", "12#"), ("wait", 5.1)], [asked("/g", Digits="12#")]),
    Case(
        "no-finish-key-numdigits",
        '<Gather action="/g" finishOnKey="" numDigits="3"/>',
        [("press", "12#")],
        [asked("/g", Digits="12#")],
    ),
    Case(
        "numdigits",
        '<Gather action="/g" numDigits="4" finishOnKey="#"/>',
        [("press", "1234")],
        [asked("/g", Digits="1234", FinishedOnKey="")],
    ),
    Case("numdigits-early-finish", '<Gather action="/g" numDigits="5"/>', [("press", "123#")], [asked("/g", Digits="123")]),
    Case("numdigits-too-many", '<Gather action="/g" numDigits="2"/>', [("press", "1234")], [asked("/g", Digits="12")]),
    Case(
        "numdigits-unlimited",
        '<Gather action="/g"/>',
        [("press", "12345678901234567890#")],
        [asked("/g", Digits="12345678901234567890")],
    ),
    Case(
        "key-stops-the-prompt",
        '<Gather action="/g" numDigits="1"><Say>a b c d e f g h i j</Say><Say>never</Say></Gather>',
        [("wait", 1), ("press", "7")],
        [asked("/g", Digits="7")],
        says=["a b c d e f g h i j"],
    ),
    Case(
        "no-barge-in",
        '<Gather action="/g" bargeIn="false" timeout="2"><Say>a b c d e</Say><Say>also</Say></Gather>',
        [("wait", 1), ("press", "7"), ("wait", 6)],
        [asked("/g", Digits="7")],
        says=["a b c d e", "also"],
    ),
    Case(
        "no-barge-in-with-all-keys",
        '<Gather action="/g" bargeIn="false" numDigits="1"><Say>a b c d e</Say><Say>also</Say></Gather>',
        [("wait", 1), ("press", "7"), ("wait", 6)],
        [asked("/g", Digits="7")],
        says=["a b c d e", "also"],
    ),
    Case(
        "keys-before-gather-are-lost",
        '<Say>a b c d e</Say><Gather action="/g" timeout="1"/>',
        [("wait", 1), ("press", "7"), ("wait", 6)],
    ),
    Case(
        "standard-parameters",
        '<Gather action="/g" numDigits="1"/>',
        [("press", "1")],
        [asked("/g", Digits="1", Direction="inbound", **REAL)],
    ),
    Case("hangup-while-waiting", '<Gather action="/g"/><Say>x</Say>', [("wait", 1), ("hangup", None)], says=[]),
    Case(
        "empty-result",
        '<Gather action="/g" actionOnEmptyResult="true"/>',
        [("wait", 6)],
        [asked("/g", Digits="", SpeechResult=None)],
    ),
    Case(
        "finish-key-first-empty-result",
        '<Gather action="/g" actionOnEmptyResult="true"/>',
        [("press", "#")],
        [asked("/g", Digits="", FinishedOnKey="#")],
    ),
    Case(
        "speech",
        '<Gather input="speech" action="/g"/>',
        [("speak", "sales"), ("wait", 7)],
        [asked("/g", SpeechResult="sales", Confidence="0.9", Digits=None)],
    ),
    Case(
        "speech-timeout",
        '<Gather input="speech" action="/g" speechTimeout="2"/>',
        [("speak", ("sales", 1)), ("wait", 2.9)],
        ends="in-progress",
    ),
    Case(
        "speech-auto",
        '<Gather input="speech" action="/g" speechTimeout="auto"/>',
        [("speak", ("sales", 1)), ("wait", 2.1)],
        [asked("/g", SpeechResult="sales")],
    ),
    Case(
        "speech-goes-on",
        '<Gather input="speech" action="/g" speechTimeout="2"/>',
        [("speak", ("sales", 1)), ("wait", 2), ("speak", ("please", 1)), ("wait", 3.1)],
        [asked("/g", SpeechResult="sales please")],
    ),
    Case(
        "speech-ignores-keys",
        '<Gather input="speech" action="/g" timeout="2"/><Say>bye</Say>',
        [("press", "1"), ("wait", 4)],
        says=["bye"],
    ),
    Case("keys-ignore-speech", '<Gather action="/g" timeout="2"/><Say>bye</Say>', [("speak", "one"), ("wait", 4)], says=["bye"]),
    Case(
        "either-keys",
        '<Gather input="dtmf speech" numDigits="1" action="/g"/>',
        [("press", "1")],
        [asked("/g", Digits="1", SpeechResult=None)],
    ),
    Case(
        "either-speech",
        '<Gather input="dtmf speech" action="/g"/>',
        [("speak", "one"), ("wait", 7)],
        [asked("/g", SpeechResult="one", Digits=None)],
    ),
    Case("speech-nothing", '<Gather input="speech" action="/g"/><Say>bye</Say>', [("wait", 7)], says=["bye"]),
    Case(
        "partial-results",
        '<Gather input="speech" action="/g" speechTimeout="1" partialResultCallback="/p"/>',
        [("speak", ("one", 0.5)), ("wait", 1), ("speak", ("two", 0.5)), ("wait", 3)],
        [
            asked("/p", UnstableSpeechResult="one", SequenceNumber="0"),
            asked("/p", UnstableSpeechResult="one two", SequenceNumber="1"),
            asked("/g", SpeechResult="one two"),
        ],
    ),
    Case("bad-timeout", '<Gather timeout="soon" action="/g"/>', [("wait", 6)], codes=[13313]),
    Case("bad-numdigits", '<Gather numDigits="0" action="/g"/>', [("wait", 6)], codes=[13314]),
    Case("bad-finish-key", '<Gather finishOnKey="x" action="/g"/>', [("press", "1#")], [asked("/g", Digits="1")], codes=[13310]),
    Case("bad-method", '<Gather method="PUT" action="/g"/>', [("press", "1#")], [asked("/g", Digits="1")], codes=[13312]),
    Case(
        "menu-nobody-answers",
        '<Gather action="/g"><Say>menu</Say></Gather><Redirect>/again</Redirect>',
        [("wait", 7)],
        [asked("/again")],
    ),
]

RECORD = [
    Case(
        "defaults",
        "<Record/><Say>never</Say>",
        [("wait", 1), ("speak", ("my message is this", 5)), ("wait", 11)],
        [asked("/voice", RecordingUrl="…", RecordingSid="…", RecordingDuration="5", Digits=None, CallStatus="in-progress")],
        says=[],
    ),
    Case(
        "key-ends-it",
        '<Record action="{site}/r"/><Say>never</Say>',
        [("wait", 1), ("speak", ("hi", 2)), ("wait", 3), ("press", "1")],
        [asked("/r", Digits="1", RecordingDuration="2")],
        says=[],
    ),
    Case(
        "hangup",
        '<Record action="/r"/>',
        [("wait", 1), ("speak", ("hi", 2)), ("wait", 2), ("hangup", None)],
        [asked("/r", Digits="hangup", CallStatus="completed", RecordingUrl="…")],
    ),
    Case(
        "finish-key",
        '<Record action="/r" finishOnKey="#"/>',
        [("wait", 1), ("speak", ("hi", 2)), ("press", "5"), ("wait", 3), ("press", "#")],
        [asked("/r", Digits="#")],
    ),
    Case("no-finish-key", '<Record action="/r" finishOnKey=""/>', [("wait", 1), ("press", "#"), ("wait", 2)], ends="in-progress"),
    Case(
        "longest",
        '<Record action="/r" maxLength="30"/>',
        [("speak", ("on and on", 40)), ("wait", 30.1)],
        [asked("/r", RecordingDuration="30", Digits=None)],
    ),
    Case(
        "longest-not-yet",
        '<Record action="/r" maxLength="30"/>',
        [("speak", ("on and on", 40)), ("wait", 29.8)],
        ends="in-progress",
    ),
    Case(
        "silence",
        '<Record action="/r" timeout="10"/>',
        [("wait", 0.5), ("speak", ("hi", 1)), ("wait", 11.1)],
        [asked("/r", RecordingDuration="1")],
    ),
    Case(
        "silence-not-yet",
        '<Record action="/r" timeout="10"/>',
        [("wait", 0.5), ("speak", ("hi", 1)), ("wait", 10.8)],
        ends="in-progress",
    ),
    Case("silence-is-not-waited-for", '<Record action="/r" timeout="0" maxLength="60"/>', [("wait", 50)], ends="in-progress"),
    Case("nothing-said", '<Record action="/r"/><Say>never</Say>', [("wait", 6)], [asked("/r", RecordingDuration="5")], says=[]),
    Case(
        "method-get",
        '<Record action="/r" method="GET"/>',
        [("wait", 1), ("speak", "hi"), ("wait", 1), ("press", "1")],
        [got("/r", RecordingUrl="…", Digits="1")],
    ),
    Case(
        "maximum-length-of-one-who-begins-late",
        '<Record action="/r" maxLength="10"/>',
        [("wait", 0.3), ("speak", ("on and on", 60)), ("wait", 12)],
        [asked("/r", RecordingDuration="10")],
    ),
    Case(
        "untrimmed",
        '<Record action="/r" trim="do-not-trim"/>',
        [("wait", 2.5), ("speak", ("hi", 1)), ("wait", 7)],
        [asked("/r", RecordingDuration="8")],
    ),
    Case(
        "status-callback",
        '<Record action="/r" recordingStatusCallback="/rs"/>',
        [("wait", 1), ("speak", ("hi", 3)), ("wait", 9)],
        [
            asked("/r"),
            asked(
                "/rs",
                RecordingStatus="completed",
                RecordingDuration="3",
                RecordingSource="RecordVerb",
                RecordingChannels="1",
                ErrorCode="0",
                RecordingStartTime="…",
                From=None,
            ),
        ],
    ),
    Case(
        "status-callback-get",
        '<Record action="/r" recordingStatusCallback="/rs" recordingStatusCallbackMethod="GET"/>',
        [("wait", 1), ("speak", ("hi", 3)), ("wait", 9)],
        [asked("/r"), got("/rs", RecordingStatus="completed", RecordingSid="…")],
    ),
    Case(
        "status-callback-events",
        '<Record action="/r" recordingStatusCallback="/rs" recordingStatusCallbackEvent="in-progress completed absent"/>',
        [("wait", 1), ("speak", ("hi", 3)), ("wait", 9)],
        [asked("/rs", RecordingStatus="in-progress"), asked("/r"), asked("/rs", RecordingStatus="completed")],
    ),
    Case(
        "transcription",
        '<Record action="/r" transcribe="true" transcribeCallback="/t"/>',
        [("wait", 1), ("speak", ("please call me back", 4)), ("wait", 12)],
        [
            asked("/r"),
            asked(
                "/t",
                TranscriptionText="please call me back",
                TranscriptionStatus="completed",
                RecordingSid="…",
                TranscriptionSid="…",
                CallSid="…",
            ),
        ],
    ),
    Case(
        "transcription-of-too-little",
        '<Record action="/r" transcribeCallback="/t"/>',
        [("wait", 1), ("speak", ("hi", 1)), ("wait", 12)],
        [asked("/r"), asked("/t", TranscriptionStatus="failed", TranscriptionText="")],
    ),
    Case("bad-timeout", '<Record action="/r" timeout="x"/>', [("wait", 6)], [asked("/r")], codes=[13611]),
    Case("bad-length", '<Record action="/r" maxLength="x"/>', [("wait", 6)], [asked("/r")], codes=[13612]),
    Case(
        "no-beep",
        '<Record action="/r" playBeep="false"/>',
        [("speak", ("hi", 1)), ("wait", 7)],
        [asked("/r", RecordingDuration="1")],
    ),
]

D = '<Dial action="/d"{more}>' + OTHER + "</Dial><Say>never</Say>"
ENDED = {"CallStatus": "in-progress", "DialCallSid": "…"}
DIAL = [
    Case("no-action-falls-through", f"<Dial>{OTHER}</Dial><Say>on</Say>", [("wait", 3), ("other-hangup", None)], says=["on"]),
    Case("no-action-at-the-end", f"<Dial>{OTHER}</Dial>", [("wait", 3), ("other-hangup", None)], says=[]),
    Case(
        "completed",
        D.replace("{more}", ""),
        [("wait", 25.7), ("other-hangup", None)],
        [asked("/d", DialCallStatus="completed", DialCallDuration="23", DialBridged="true", **ENDED)],
        says=[],
    ),
    Case(
        "no-answer",
        f'<Dial action="/d" timeout="2"><Number>{OTHER}</Number></Dial>',
        [("other-habit", "no-answer"), ("wait", 3)],
        [asked("/d", DialCallStatus="no-answer", DialBridged="false", DialCallDuration=None, **ENDED)],
    ),
    Case("busy", D.replace("{more}", ""), [("other-habit", "busy")], [asked("/d", DialCallStatus="busy", **ENDED)], says=[]),
    Case("failed", D.replace("{more}", ""), [("other-habit", "failed")], [asked("/d", DialCallStatus="failed", **ENDED)], says=[]),
    Case(
        "canceled",
        D.replace("{more}", ""),
        [("other-habit", "ring"), ("wait", 1), ("cancel-leg", None)],
        [asked("/d", DialCallStatus="canceled")],
        says=[],
    ),
    Case(
        "rejected-by-hand",
        D.replace("{more}", ""),
        [("other-habit", "ring"), ("wait", 1), ("other-reject", None)],
        [asked("/d", DialCallStatus="busy")],
    ),
    Case(
        "caller-hangs-up",
        D.replace("{more}", ""),
        [("wait", 9), ("hangup", None)],
        [asked("/d", DialCallStatus="completed", CallStatus="completed")],
    ),
    Case("caller-hangs-up-before-the-answer", f"<Dial>{OTHER}</Dial>", [("other-habit", "ring"), ("wait", 9), ("hangup", None)]),
    Case(
        "method-get",
        D.replace("{more}", ' method="GET"'),
        [("wait", 3), ("other-hangup", None)],
        [got("/d", DialCallStatus="completed")],
    ),
    Case("rings-30-seconds", D.replace("{more}", ""), [("other-habit", "no-answer"), ("wait", 29.9)], ends="in-progress"),
    Case(
        "rings-no-longer",
        D.replace("{more}", ""),
        [("other-habit", "no-answer"), ("wait", 30.1)],
        [asked("/d", DialCallStatus="no-answer")],
    ),
    Case(
        "time-limit",
        D.replace("{more}", ' timeLimit="10"'),
        [("wait", 12.1)],
        [asked("/d", DialCallStatus="completed", DialCallDuration="10")],
    ),
    Case(
        "star-hangs-up",
        D.replace("{more}", ' hangupOnStar="true"'),
        [("wait", 5), ("press", "*")],
        [asked("/d", DialCallStatus="completed", DialCallDuration="3")],
    ),
    Case("star-is-a-tone", D.replace("{more}", ""), [("wait", 5), ("press", "*"), ("wait", 5)], ends="in-progress"),
    Case(
        "recorded",
        D.replace("{more}", ' record="record-from-answer"'),
        [("wait", 3), ("speak", "hello"), ("wait", 4), ("other-hangup", None)],
        [asked("/d", DialCallStatus="completed", RecordingUrl="…", RecordingSid="…", RecordingDuration="5")],
    ),
    Case(
        "recording-reported",
        D.replace("{more}", ' record="record-from-answer-dual" recordingStatusCallback="/rs"'),
        [("wait", 7), ("other-hangup", None), ("wait", 2)],
        [
            asked("/d", RecordingUrl="…"),
            asked("/rs", RecordingStatus="completed", RecordingSource="DialVerb", RecordingChannels="2"),
        ],
    ),
    Case(
        "events",
        f'<Dial><Number statusCallback="/s" statusCallbackEvent="initiated ringing answered completed">{OTHER}</Number></Dial>',
        [("wait", 5), ("other-hangup", None)],
        [
            asked(
                "/s",
                CallStatus="initiated",
                SequenceNumber="0",
                ParentCallSid="…",
                Direction="outbound-dial",
                From=CALLER,
                To=OTHER,
            ),
            asked("/s", CallStatus="ringing", SequenceNumber="1", CallDuration=None),
            asked("/s", CallStatus="in-progress", SequenceNumber="2"),
            asked("/s", CallStatus="completed", SequenceNumber="3", CallDuration="3"),
        ],
    ),
    Case(
        "some-events",
        f'<Dial><Number statusCallback="/s" statusCallbackEvent="initiated answered">{OTHER}</Number></Dial>',
        [("wait", 5), ("other-hangup", None)],
        [asked("/s", CallStatus="initiated", SequenceNumber="0"), asked("/s", CallStatus="in-progress", SequenceNumber="2")],
    ),
    Case(
        "completed-is-the-default-event",
        f'<Dial><Number statusCallback="/s">{OTHER}</Number></Dial>',
        [("wait", 5), ("other-hangup", None)],
        [asked("/s", CallStatus="completed", SequenceNumber="3")],
    ),
    Case(
        "whisper",
        f'<Dial action="/d"><Number url="/whisper">{OTHER}</Number></Dial>',
        [("wait", 5), ("other-hangup", None)],
        [asked("/whisper", CallStatus="in-progress", ParentCallSid="…", To=OTHER), asked("/d", DialBridged="true")],
    ),
    Case(
        "bad-number",
        '<Dial action="/d">not a number</Dial>',
        [],
        [asked("/d", DialCallStatus="failed", DialCallSid=None)],
        codes=[13223],
    ),
    Case(
        "caller-id-of-others",
        f'<Dial action="/d" callerId="+15550009999">{OTHER}</Dial>',
        [],
        [asked("/d", DialCallStatus="failed")],
        codes=[13214],
    ),
    Case(
        "sip-is-refused",
        '<Dial action="/d"><Sip>sip:joe@example.com</Sip></Dial>',
        [],
        [asked("/d", DialCallStatus="failed")],
        codes=[12200],
    ),
    Case("no-queue", '<Dial action="/d"><Queue>nowhere</Queue></Dial>', [], [asked("/d", DialCallStatus="failed")], codes=[12200]),
    Case(
        "sequential",
        f'<Dial action="/d" sequential="true" timeout="3"><Number>{OTHER}</Number><Number>{THIRD}</Number></Dial>',
        [("other-habit", "no-answer"), ("wait", 6), ("third-hangup", None)],
        [asked("/d", DialCallStatus="completed", DialBridged="true")],
    ),
    Case(
        "client",
        '<Dial action="/d"><Client statusCallback="/s">alice</Client></Dial>',
        [("wait", 5), ("alice-hangup", None)],
        [asked("/s", To="client:alice", CallStatus="completed"), asked("/d", DialCallStatus="completed")],
    ),
    Case(
        "conference-without-a-name",
        '<Dial action="/d"><Conference></Conference></Dial>',
        [],
        [asked("/d", DialCallStatus="failed")],
        codes=[13237],
    ),
    Case(
        "conference",
        '<Dial action="/d" hangupOnStar="true"><Conference>r</Conference></Dial>',
        [("wait", 1), ("third-joins", None), ("press", "*")],
        [asked("/d", DialCallStatus="answered", DialCallSid=None)],
    ),
    Case(
        "enqueue-leave",
        '<Enqueue action="/q" waitUrl="/leave">q</Enqueue>',
        [("wait", 3)],
        [
            asked(
                "/leave",
                QueuePosition="1",
                CurrentQueueSize="1",
                QueueTime="0",
                AvgQueueTime="0",
                MaxQueueSize="1000",
                QueueSid="…",
            ),
            asked("/q", QueueResult="leave", QueueSid="…", QueueTime="2"),
        ],
    ),
    Case(
        "enqueue-leave-goes-on",
        '<Enqueue waitUrl="/leave">q</Enqueue><Say>on</Say>',
        [("wait", 3)],
        [asked("/leave")],
        says=["two three four five six", "on"],
    ),
    Case(
        "enqueue-hangup",
        '<Enqueue action="/q">q</Enqueue>',
        [("wait", 3), ("hangup", None)],
        [asked("/q", QueueResult="hangup", QueueTime="3", CallStatus="completed")],
    ),
    Case(
        "enqueue-redirected",
        '<Enqueue action="/q">q</Enqueue>',
        [("wait", 3), ("redirect", "/new")],
        [asked("/q", QueueResult="redirected"), asked("/new")],
    ),
    Case("redirect-interrupts-gather", '<Gather action="/g" timeout="10"/>', [("wait", 1), ("redirect", "/new")], [asked("/new")]),
    Case("redirect-interrupts-record", '<Record action="/r"/>', [("wait", 1), ("redirect", "/new")], [asked("/new")]),
    Case("redirect-interrupts-dial", f'<Dial action="/d">{OTHER}</Dial>', [("wait", 5), ("redirect", "/new")], [asked("/new")]),
]
ALL = [("gather", case) for case in GATHER] + [("record", case) for case in RECORD] + [("dial", case) for case in DIAL]


class Play:
    """Plays the steps of a case."""

    def __init__(self, sim: Simulator, site: Any, client: Any) -> None:
        self.sim, self.site, self.client = sim, site, client
        self.caller = sim.phone(CALLER)
        self.people = {"other": sim.phone(OTHER), "third": sim.phone(THIRD), "alice": sim.phone("client:alice")}

    def step(self, sid: str, name: str, value: Any) -> None:
        who, _, action = name.rpartition("-")
        phone = self.people.get(who, self.caller)
        actions: dict[str, Callable[[Handset], Any]] = {
            "wait": lambda _: self.sim.advance(value),
            "press": lambda phone: phone.press(value),
            "speak": lambda phone: phone.speak(*(value if isinstance(value, tuple) else (value,))),
            "hangup": lambda phone: phone.hangup(),
            "reject": lambda phone: phone.reject(),
            "habit": lambda phone: phone.on_ring(value),
            "joins": lambda phone: self.join(phone),
            "redirect": lambda _: self.client.calls(sid).update(url=f"{self.site.url}{value}"),
            "leg": lambda _: self.client.calls(self.client.calls.list(parent_call_sid=sid)[0].sid).update(status="canceled"),
        }
        actions[action](phone)
        self.sim.settle()

    def join(self, phone: Handset) -> None:
        twiml = "<Response><Dial><Conference>r</Conference></Dial></Response>"
        self.client.calls.create(to=phone.number, from_=LINE, twiml=twiml)
        self.sim.advance(4)


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[f"{verb}-{case.id}" for verb, case in ALL])
def test_incoming_call(case: Case, sim: Simulator, site: Any, client: Any) -> None:
    site.answer("/voice", f"<Response>{case.twiml.replace('{site}', site.url)}</Response>")
    site.answer("/voice", "<Response/>")
    site.answer("/leave", "<Response><Say>two three four five six</Say><Leave/></Response>")
    play = Play(sim, site, client)
    for name, value in case.steps:
        if name.endswith("-habit"):
            play.step("", name, value)
    sid = play.caller.call(LINE)
    sim.settle()
    for name, value in case.steps:
        if not name.endswith("-habit"):
            play.step(sid, name, value)
    sim.settle()
    asks = sorted([seen for seen in site.seen if seen.path != "/number-status"][1:], key=lambda seen: seen.path)
    wanted = sorted(case.asks, key=lambda ask: ask[1])  # what is sent side by side may arrive in any order
    assert [(seen.method, seen.target if seen.method == "POST" else seen.path) for seen in asks] == [ask[:2] for ask in wanted]
    for seen, (_, _, params) in zip(asks, wanted, strict=True):
        for name, value in params.items():
            assert seen.params.get(name) == value or (value == "…" and seen.params.get(name)), (name, seen.params)
    if case.says is not None:
        assert play.caller.said == case.says
    entries = sim.requests(sid)
    assert [alert["code"] for entry in entries for alert in entry["alerts"]] == case.codes
    status = client.calls(sid).fetch().status
    if case.ends == "in-progress":
        assert status == "in-progress"
    else:
        sim.advance(60)
        assert client.calls(sid).fetch().status == case.ends
