"""Whole applications of the four common kinds, played from the first ring to the last word.

Each is a plain Flask application that knows nothing of the simulator: its documents are made by Twilio's own library,
which also checks the signature of every request. They serve as examples of testing with the driver, too.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask, Response, abort, request, session, url_for
from parties import ACCOUNT, ANNE, BERT, CALLER, KEY, LINE
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from simulator.driver import Simulator
from simulator.site import Site

Run = Callable[..., Simulator]


def guarded(name: str) -> Flask:
    """Make an application that answers Twilio only."""
    application = Flask(name)
    application.secret_key = "cookies are signed with it"
    validator = RequestValidator(KEY)

    @application.before_request
    def check() -> None:
        # Not request.url: Flask shows that with some characters decoded, and what was sent is what was signed.
        url = request.host_url.rstrip("/") + request.environ["REQUEST_URI"]
        if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)

    return application


def answer(document: VoiceResponse | MessagingResponse) -> Response:
    return Response(str(document), mimetype="text/xml")


@pytest.fixture
def run() -> Iterator[Run]:
    """Serve an application, with a simulator whose number asks it."""
    with ExitStack() as stack:

        def start(application: Flask, **settings: Any) -> Simulator:
            site = stack.enter_context(Site(application))
            urls = {"voice_url": f"{site.url}/voice", "sms_url": f"{site.url}/sms"}
            return stack.enter_context(Simulator(ACCOUNT, KEY, [LINE], **(urls | settings)))

        yield start


# A phone tree: a session in a cookie counts wrong keys, a word does as well as a key.


@pytest.fixture
def tree() -> Flask:
    application = guarded("tree")

    @application.post("/voice")
    def voice() -> Response:
        document = VoiceResponse()
        menu = document.gather(input="dtmf speech", num_digits=1, timeout=3, action=url_for("chosen"), hints="sales, hours")
        menu.say("For sales press 1. For our hours press 2.")
        document.say("We did not get that.")
        document.redirect(url_for("wrong"))
        return answer(document)

    @application.post("/chosen")
    def chosen() -> Response:
        document = VoiceResponse()
        choice = request.form.get("Digits") or request.form["SpeechResult"].lower()
        if choice == "1" or "sales" in choice:
            document.dial(ANNE, timeout=8, action=url_for("dialled"))
        elif choice == "2" or "hours" in choice:
            document.say("We are open from nine to five.")
            document.redirect(url_for("voice"))
        else:
            document.say("There is no such choice.")
            document.redirect(url_for("wrong"))
        return answer(document)

    @application.post("/wrong")
    def wrong() -> Response:
        session["wrong"] = session.get("wrong", 0) + 1
        document = VoiceResponse()
        if session["wrong"] < 3:
            document.redirect(url_for("voice"))
        else:
            document.say("Please call again. Goodbye.")
        return answer(document)

    @application.post("/dialled")
    def dialled() -> Response:
        document = VoiceResponse()
        if request.form["DialCallStatus"] != "completed":
            document.say(f"Nobody is there: {request.form['DialCallStatus']}.")
        return answer(document)

    return application


def test_a_phone_tree_leads_by_key_and_by_word_to_a_person(run: Run, tree: Flask) -> None:
    sim = run(tree)
    phone, anne = sim.phone(CALLER), sim.phone(ANNE)
    phone.call(LINE)
    phone.expect_say("For sales")
    phone.press("2")
    phone.expect_say("from nine to five")
    phone.expect_say("For sales")
    phone.speak("Sales, please")
    assert anne.expect_ring()["from"] == CALLER
    anne.answer()
    anne.speak("Sales, good morning")
    phone.expect_speech("good morning")
    anne.hangup()
    phone.expect_hangup()


@pytest.mark.parametrize(("habit", "told"), [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed")])
def test_a_phone_tree_says_why_nobody_is_there(habit: Any, told: str, run: Run, tree: Flask) -> None:
    sim = run(tree)
    phone = sim.phone(CALLER)
    sim.phone(ANNE).on_ring(habit)
    phone.call(LINE)
    phone.expect_say("For sales")
    phone.press("1")
    phone.expect_say(f"Nobody is there: {told}")
    phone.expect_hangup()


def test_a_phone_tree_gives_up_after_silence_and_wrong_keys(run: Run, tree: Flask) -> None:
    phone = run(tree).phone(CALLER)
    phone.call(LINE)
    phone.expect_say("We did not get that")
    for _ in range(2):
        phone.expect_say("For sales")
        phone.press("7")
        phone.expect_say("no such choice")
    phone.expect_say("Please call again")
    phone.expect_hangup()
    phone.call(LINE)  # another call is another session
    phone.expect_say("For sales")
    phone.press("7")
    phone.expect_say("For sales")


# A survey, asked with GET: by telephone with a recording that is written down, by text with a cookie for each conversation.


@pytest.fixture
def answers() -> dict[str, str]:
    return {}


@pytest.fixture
def survey(answers: dict[str, str]) -> Flask:
    application = guarded("survey")

    @application.get("/voice")
    def voice() -> Response:
        document = VoiceResponse()
        stars = document.gather(action=url_for("rated"), method="GET", finish_on_key="#")
        stars.say("How many stars, from 1 to 10? Then press pound.")
        return answer(document)

    @application.get("/rated")
    def rated() -> Response:
        answers["stars"] = request.args["Digits"]
        document = VoiceResponse()
        document.say("Why? Speak after the tone.")
        document.record(action=url_for("recorded"), method="GET", transcribe=True, transcribe_callback=url_for("written"))
        return answer(document)

    @application.get("/recorded")
    def recorded() -> Response:
        answers["seconds"] = request.args["RecordingDuration"]
        document = VoiceResponse()
        document.say("Thank you.")
        return answer(document)

    @application.post("/written")
    def written() -> tuple[str, int]:
        answers["why"] = request.form["TranscriptionText"]
        return "", 204

    @application.post("/sms")
    def sms() -> Response:
        document = MessagingResponse()
        if "asked" not in session:
            session["asked"] = "stars"
            document.message("How many stars?")
        else:
            answers[session.pop("asked")] = request.form["Body"]
            document.message("Thank you!")
        return answer(document)

    return application


def test_a_survey_is_answered_by_telephone(run: Run, survey: Flask, answers: dict[str, str]) -> None:
    sim = run(survey, voice_method="GET")
    phone = sim.phone(CALLER)
    phone.call(LINE)
    phone.expect_say("How many stars")
    phone.press("10#")
    phone.expect_beep()
    phone.speak("Everybody was kind", seconds=4)
    phone.expect_say("Thank you")
    phone.expect_hangup()
    sim.advance(30)
    assert answers == {"stars": "10", "seconds": "4", "why": "Everybody was kind"}


def test_a_survey_is_answered_by_text_and_keeps_people_apart(run: Run, survey: Flask, answers: dict[str, str]) -> None:
    sim = run(survey)
    anne, bert = sim.phone(ANNE), sim.phone(BERT)
    for person in (anne, bert):
        person.text(LINE, "hello")
        person.expect_text("How many stars?")
    anne.text(LINE, "7")
    anne.expect_text("Thank you!")
    assert answers == {"stars": "7"}
    anne.text(LINE, "again")
    anne.expect_text("How many stars?")


# Call forwarding: the person called hears who it is and accepts with a key, so that no answering machine takes the call.


@pytest.fixture
def forwarding() -> Flask:
    application = guarded("forwarding")

    @application.post("/voice")
    def voice() -> Response:
        document = VoiceResponse()
        if request.form["From"] == BERT:
            document.reject(reason="busy")
            return answer(document)
        document.say("One moment.")
        dial = Dial(action=url_for("ended"), timeout=12, caller_id=LINE)
        dial.number(ANNE, url=url_for("whisper", caller=request.form["From"]))
        document.append(dial)
        return answer(document)

    @application.post("/whisper")
    def whisper() -> Response:
        document = VoiceResponse()
        question = Gather(num_digits=1, timeout=5, action=url_for("accepted"))
        question.say(f"A call from {request.args['caller']}. Press 1 to accept.")
        document.append(question)
        document.hangup()
        return answer(document)

    @application.post("/accepted")
    def accepted() -> Response:
        return answer(VoiceResponse())

    @application.post("/ended")
    def ended() -> Response:
        document = VoiceResponse()
        if request.form.get("DialBridged") != "true":
            document.say("Please leave a message.")
            document.record(action=url_for("left"), max_length=30, recording_status_callback=url_for("kept"))
        return answer(document)

    @application.post("/left")
    def left() -> Response:
        return answer(VoiceResponse())

    @application.post("/kept")
    def kept() -> tuple[str, int]:
        application.config["TWILIO"].messages.create(to=ANNE, from_=LINE, body=f"Voicemail: {request.form['RecordingUrl']}")
        return "", 204

    return application


def test_a_forwarded_call_is_announced_and_accepted(run: Run, forwarding: Flask) -> None:
    sim = run(forwarding)
    phone, anne = sim.phone(CALLER), sim.phone(ANNE)
    phone.call(LINE)
    assert anne.expect_ring()["from"] == LINE
    anne.answer()
    anne.expect_say(f"A call from {CALLER}")
    anne.press("1")
    sim.settle()
    phone.speak("It is me")
    anne.expect_speech("It is me")
    phone.hangup()
    anne.expect_hangup()
    assert not any("Please leave" in line for line in phone.said)


@pytest.mark.parametrize("habit", ["machine", "no-answer"])
def test_a_forwarded_call_that_nobody_accepts_becomes_voicemail(habit: Any, run: Run, forwarding: Flask) -> None:
    sim = run(forwarding)
    client = Client(ACCOUNT, KEY)
    client.api.base_url = sim.url
    forwarding.config["TWILIO"] = client
    phone, anne = sim.phone(CALLER), sim.phone(ANNE)
    anne.on_ring(habit)
    phone.call(LINE)
    phone.expect_beep()
    phone.speak("Please call me back", seconds=3)
    sim.advance(3)
    phone.hangup()
    (recording,) = client.recordings.list()
    assert anne.expect_text("Voicemail")["body"].endswith(recording.sid)
    client.http_client.session.close()


def test_a_caller_who_is_not_wanted_hears_busy(run: Run, forwarding: Flask) -> None:
    sim = run(forwarding)
    bert = sim.phone(BERT)
    bert.call(LINE)
    sim.advance(5)
    assert (bert.state["last_call"]["status"], bert.said) == ("busy", [])


# A conference with a code; who moderates it starts and ends it, and orders by text what the REST API then does.


@pytest.fixture
def conference() -> Flask:
    application = guarded("conference")

    @application.post("/voice")
    def voice() -> Response:
        document = VoiceResponse()
        code = document.gather(num_digits=4, action=url_for("enter"))
        code.say("Your code, please.")
        return answer(document)

    @application.post("/enter")
    def enter() -> Response:
        document, moderates = VoiceResponse(), request.form["From"] == ANNE
        if request.form["Digits"] != "1234":
            document.say("That is not the code.")
            document.redirect(url_for("voice"))
            return answer(document)
        dial = document.dial()
        dial.conference("team", start_conference_on_enter=moderates, end_conference_on_exit=moderates, wait_url=url_for("wait"))
        return answer(document)

    @application.post("/wait")
    def wait() -> Response:
        document = VoiceResponse()
        document.say("The moderator will be here soon.")
        document.pause(10)
        return answer(document)

    @application.post("/sms")
    def sms() -> Response:
        client = application.config["TWILIO"]
        (room,) = client.conferences.list(friendly_name="team", status="in-progress")
        order, _, number = request.form["Body"].partition(" ")
        if order == "mute":
            for participant in client.conferences(room.sid).participants.list():
                if client.calls(participant.call_sid).fetch()._from != ANNE:
                    participant.update(muted=True)
        elif order == "call":
            client.conferences(room.sid).participants.create(to=number, from_=LINE)
        document = MessagingResponse()
        document.message(f"Done: {order}.")
        return answer(document)

    return application


def test_a_conference_from_the_first_code_to_the_moderators_goodbye(run: Run, conference: Flask) -> None:
    sim = run(conference)
    client = Client(ACCOUNT, KEY)
    client.api.base_url = sim.url
    conference.config["TWILIO"] = client
    phone, anne, bert = sim.phone(CALLER), sim.phone(ANNE), sim.phone(BERT)
    phone.call(LINE)
    phone.expect_say("Your code")
    phone.press("9999")
    phone.expect_say("not the code")
    phone.expect_say("Your code")
    phone.press("1234")
    phone.expect_say("soon")
    anne.call(LINE)
    anne.expect_say("Your code")
    anne.press("1234")
    sim.settle()
    anne.speak("Welcome")
    phone.expect_speech("Welcome")
    anne.text(LINE, f"call {BERT}")
    anne.expect_text("Done: call")
    sim.advance(5)
    bert.speak("I am here, too")
    phone.expect_speech("I am here, too")
    anne.text(LINE, "mute")
    anne.expect_text("Done: mute")
    phone.speak("Nobody hears this")
    anne.hangup()
    phone.expect_hangup()
    bert.expect_hangup()
    assert "Nobody hears this" not in [line["text"] for line in bert.transcript]
    assert [room.status for room in client.conferences.list()] == ["completed"]
    client.http_client.session.close()
