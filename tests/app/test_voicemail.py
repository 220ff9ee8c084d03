"""Voicemail: each message is kept once, whatever order the news comes in, and its owners are told once."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from town import ACCOUNT, LINE, Town
from visitors import BOTH_DATABASES, Twilio
from voicemails import OWNER, PLAIN, SECOND, TALK, VOICEMAIL, WORDS, kept, leave, signed_in, texts, told

from app.ledger import recordings
from app.voicemail import follow_up_late

pytestmark = BOTH_DATABASES


@pytest.fixture
def flow() -> str:
    return VOICEMAIL


def test_a_message_is_kept_with_its_words_and_its_owners_are_told(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    leave(town)
    (message,) = kept(town)
    assert (message.from_number, message.to_number, message.step) == (town.phone.number, LINE, "start")
    assert (message.duration, message.transcription) == (6, WORDS)
    assert [(call.sid, call.outcome) for call in town.calls()] == [(message.call_sid, "voicemail")]
    link = f"{town.app.extensions['settings'].public_base_url}/recordings/{message.sid}"
    assert texts(town) == texts(town, SECOND) == [f"Voicemail from {town.phone.number}, 6 seconds.\n{WORDS}\n{link}"]
    assert {status for status, _ in told(town, "/status/")} == {204}
    assert town.phone.said == ["Leave a message.", "Thank you."]
    assert "not sent" not in caplog.text  # as to a browser phone, which gets no texts


def test_a_message_is_known_also_where_the_call_went_wrong_after_it(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/voice_url/start/recorded")
    leave(town)
    assert [call.outcome for call in town.calls()] == ["voicemail"]
    assert len(texts(town)) == 1


def test_who_hangs_up_has_left_a_message_too(town: Town) -> None:
    leave(town, hang_up=True)
    assert [(message.duration, message.transcription) for message in kept(town)] == [(6, WORDS)]
    assert [(call.status, call.outcome) for call in town.calls()] == [("completed", "voicemail")]
    assert len(texts(town)) == 1


def test_who_hangs_up_at_the_beep_has_left_none(town: Town) -> None:
    town.phone.call(LINE)
    town.phone.expect_beep()
    town.phone.hangup()
    town.sim.advance(60)
    assert [call.outcome for call in town.calls()] == [None]
    assert texts(town) == []


@pytest.mark.parametrize("rules", [{"skip_silent_recordings": True}, {}], ids=["told nothing", "told"])
def test_after_silence_the_call_goes_on(town: Town) -> None:
    town.phone.call(LINE)
    town.sim.advance(60)
    assert town.phone.said == ["Leave a message.", "Thank you."]
    assert {code for _, code in told(town, "/")} == {None}


@pytest.mark.parametrize(
    ("flow", "seconds"), [(VOICEMAIL, 2), (VOICEMAIL, 120), (PLAIN, 6)], ids=["too short", "too long", "not asked for"]
)
def test_where_nothing_is_written_down_the_owner_is_told_at_once(town: Town, seconds: int) -> None:
    town.sim.fault("webhook", "drop", match="/status/transcription", count=9)
    leave(town, seconds=seconds)
    (message,) = kept(town)
    assert texts(town) == [
        f"Voicemail from {town.phone.number}, {seconds} seconds.\n{town.app.extensions['switch'].base_url}/recordings/{message.sid}"
    ]


@pytest.mark.parametrize(("kind", "path"), [
    ("duplicate", "/status/"), ("reorder", "/status/"), ("delay", "/status/recording"), ("delay", "/status/transcription"),
])  # fmt: skip
def test_callbacks_that_come_twice_late_or_out_of_order_end_the_same(town: Town, kind: str, path: str) -> None:
    town.sim.fault("webhook", kind, match=path, count=4 if kind == "duplicate" else 1, seconds=30)
    leave(town)
    town.sim.advance(120)
    assert [(message.duration, message.transcription) for message in kept(town)] == [(6, WORDS)]
    assert [len(texts(town, owner)) for owner in (OWNER, SECOND)] == [1, 1]
    assert WORDS in texts(town)[0]
    assert town.phone.number in texts(town)[0]


def test_callbacks_that_come_at_once_send_one_text(town: Town) -> None:
    town.sim.fault("webhook", "drop", match="/status/", count=99)
    leave(town)
    call = town.calls()[0].sid or ""
    base = town.app.extensions["switch"].base_url
    news: list[tuple[str, dict[str, str]]] = [
        ("recording", {"RecordingStatus": "completed", "RecordingDuration": "6"}),
        ("transcription", {"TranscriptionStatus": "completed", "TranscriptionText": WORDS}),
    ]
    answers: list[int] = []

    def tell(kind: str, params: dict[str, str]) -> None:
        client = Twilio(town.app.test_client(), base_url=base)
        about = {"AccountSid": ACCOUNT, "CallSid": call, "RecordingSid": "RE" + "7" * 32}
        answers.append(client.post(f"/status/{kind}?step=start", about | params).status_code)

    threads = [threading.Thread(target=tell, args=each) for each in news * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.sim.advance(30)
    assert answers == [204] * 8
    assert [len(texts(town, owner)) for owner in (OWNER, SECOND)] == [1, 1]
    assert [left.from_number for left in kept(town) if left.sid == "RE" + "7" * 32] == [town.phone.number]


def test_a_transcription_that_failed_is_no_reason_to_wait(town: Town) -> None:
    sid = "RE" + "8" * 32
    twilio = Twilio(town.app.test_client(), base_url=town.app.extensions["switch"].base_url)
    about = {"AccountSid": ACCOUNT, "CallSid": "CA" + "8" * 32, "RecordingSid": sid}
    recorded = {"RecordingStatus": "completed", "RecordingDuration": "6"}
    assert twilio.post("/status/recording?step=start", about | recorded).status_code == 204
    assert town.messages() == []
    assert twilio.post("/status/transcription?step=start", about | {"TranscriptionStatus": "failed"}).status_code == 204
    assert [message.transcription for message in kept(town)] == [""]
    town.sim.advance(30)
    assert texts(town)[0].startswith("Voicemail from an unknown number, 6 seconds.\nhttp")
    assert "It could not be written down." in signed_in(town).get(f"/recordings/{sid}").text


@pytest.mark.parametrize(("kind", "states", "arrived"), [
    ("refuse", ["delivered", "delivered"], 2), ("error", ["delivered", "unknown"], 1), ("lost", ["delivered", "delivered"], 2),
])  # fmt: skip
def test_a_fault_of_twilios_while_texting_fails_no_callback(town: Town, kind: str, states: list[str], arrived: int) -> None:
    town.sim.fault("rest", kind)
    town.sim.fault("webhook", "duplicate", match="/status/transcription", count=1)
    leave(town)
    town.sim.advance(120)
    assert sorted(message.status for message in town.messages()) == states
    assert len(texts(town)) + len(texts(town, SECOND)) == arrived
    assert set(told(town, "/status/")) == {(204, None)}
    assert len(kept(town)) == 1


def test_an_owner_who_opted_out_gets_none(town: Town) -> None:
    town.sim.phone(OWNER).text(LINE, "STOP")
    town.sim.advance(10)
    before = len(texts(town))
    leave(town)
    assert (len(texts(town)), len(texts(town, SECOND))) == (before, 1)
    assert set(told(town, "/status/")) == {(204, None)}


@pytest.mark.parametrize("flow", [PLAIN.replace(SECOND, "+421905123456")])
def test_an_owner_who_may_never_be_texted_is_refused_once_and_not_tried_again(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    leave(town)
    assert len(texts(town)) == 1
    right = town.app.extensions["now"]
    with town.app.app_context():
        refused = sum("spend refused" in line for line in caplog.messages)
        assert refused >= 1
        for minutes in range(3, 8):
            town.app.extensions["now"] = lambda minutes=minutes: right() + timedelta(minutes=minutes)
            assert follow_up_late() == ""
        assert sum("spend refused" in line for line in caplog.messages) == refused
        allowed = {"allowed_prefixes": ("+421",), "daily_budget": 0.0}
        town.app.extensions["settings"] = town.app.extensions["settings"].model_copy(update=allowed)
        assert follow_up_late() == ""  # for now
        town.app.extensions["settings"] = town.app.extensions["settings"].model_copy(update={"daily_budget": 9.0})
        assert "1 owners" in follow_up_late()


@pytest.mark.parametrize("flow", [PLAIN.replace("text_to", 'text = "{{{caller}}} {transcription}"\ntext_to')])
def test_the_flow_says_the_words(town: Town) -> None:
    leave(town)
    assert texts(town) == [f"{{{town.phone.number}}}"]


@pytest.mark.parametrize("flow", [PLAIN.replace("text_to", 'text = "{transcription}"\ntext_to')])
def test_an_owner_of_whose_words_nothing_is_left_gets_the_address(town: Town) -> None:
    leave(town)
    assert texts(town) == [f"{town.app.extensions['switch'].base_url}/recordings/{kept(town)[0].sid}"]


def test_what_was_said_is_cut_to_what_a_text_can_hold(town: Town) -> None:
    words = "word " * 319 + "end"
    leave(town, words, 100)
    (message,) = kept(town)
    assert message.transcription == words
    (body,) = texts(town)
    assert len(body) == 1600
    _, said, link = body.split("\n")
    assert said.startswith("word word")
    assert said.endswith("…")
    assert "end" not in said
    assert link == f"{town.app.extensions['switch'].base_url}/recordings/{message.sid}"


@pytest.mark.parametrize("flow", [TALK])
def test_a_talk_that_is_recorded_is_no_voicemail(town: Town) -> None:
    ben = town.sim.phone(SECOND)
    ben.on_ring("answer")
    town.phone.call(LINE)
    town.sim.advance(20)
    town.phone.hangup()
    town.sim.advance(30)
    (talk,) = kept(town)
    assert (talk.from_number, talk.to_number, talk.step) == (town.phone.number, LINE, "start")
    assert (talk.duration or 0) > 5
    assert "voicemail" not in {call.outcome for call in town.calls()}
    assert set(told(town, "/status/recording")) == {(204, None)}
    assert texts(town, SECOND) == []


@pytest.mark.parametrize("status", ["in-progress", "absent", ""])
def test_a_recording_that_is_not_there_yet_or_never_will_be_is_not_kept(twilio: Twilio, app: Flask, status: str) -> None:
    params = {"RecordingSid": "RE" + "1" * 32, "RecordingStatus": status, "CallSid": "CA" + "1" * 32}
    assert twilio.post("/status/recording?step=start", params).status_code == 204
    with app.app_context():
        assert list(recordings.latest(9)) == []


@pytest.mark.parametrize("sid", ["", "RE1", "RE" + "g" * 32, "CA" + "1" * 32, "../../Calls", "RE" + "1" * 32 + "\n"])
def test_what_is_no_recording_is_not_kept(twilio: Twilio, app: Flask, sid: str) -> None:
    params = {"RecordingSid": sid, "RecordingStatus": "completed", "RecordingDuration": "5", "CallSid": "CA" + "1" * 32}
    assert twilio.post("/status/recording?step=start", params).status_code == 400
    assert twilio.post("/status/transcription?step=start", params).status_code == 400
    with app.app_context():
        assert list(recordings.latest(9)) == []
