"""Conferences and queues: who waits, who hears whom, and what the application is told of it."""

from typing import Any

from parties import BERT, CALLER, LINE, conference, document, heard, place
from twilio.rest import Client

from simulator.driver import Handset, Simulator

# Conferences


def test_a_conference_starts_with_the_second_participant(
    sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset, bert: Handset
) -> None:
    place(client, phone, conference())
    sim.advance(5)
    (running,) = client.conferences.list()
    assert (running.friendly_name, running.status) == ("r", "in-progress")
    assert [line["verb"] for line in phone.transcript if line["speaker"] == "twilio"] == ["Music"]
    place(client, anne, conference())
    place(client, bert, conference())
    sim.advance(5)
    assert client.conferences(running.sid).fetch().status == "in-progress"
    phone.speak("hello all")
    assert (heard(anne), heard(bert)) == ([(CALLER, "hello all")], [(CALLER, "hello all")])
    for each in (phone, anne, bert):
        each.hangup()
    sim.settle()
    ended = client.conferences(running.sid).fetch()
    assert (ended.status, ended.reason_conference_ended) == ("completed", "last-participant-left")


def test_music_may_be_a_sound_larger_than_a_document(sim: Simulator, client: Client, site: Any, phone: Handset) -> None:
    site.answer("/music.wav", bytes(100_000), kind="audio/wav")
    place(client, phone, conference(waitUrl=f"{site.url}/music.wav", waitMethod="GET"))
    phone.expect_play("/music.wav")
    assert [alert["code"] for entry in sim.requests() for alert in entry["alerts"]] == []


def test_participants_wait_for_the_moderator_and_leave_with_them(
    sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset, bert: Handset
) -> None:
    for each in (phone, anne):
        place(client, each, conference(startConferenceOnEnter="false"))
    sim.advance(5)
    assert [each.status for each in client.conferences.list()] == ["init"]
    phone.speak("anybody?")
    assert heard(anne) == []
    place(client, bert, conference(endConferenceOnExit="true"))
    sim.advance(5)
    phone.speak("now?")
    assert heard(anne) == [(CALLER, "now?")]
    bert.hangup()
    sim.settle()
    assert (phone.state["state"], anne.state["state"]) == ("idle", "idle")


def test_conference_events_are_reported_in_order(sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset) -> None:
    events = "start end join leave mute hold"
    place(client, phone, conference(statusCallback=f"{site.url}/cf", statusCallbackEvent=events, participantLabel="host"))
    place(client, anne, conference())
    sim.advance(5)
    (running,) = client.conferences.list()
    anne_sid = anne.state["current_call"]["sid"]
    client.conferences(running.sid).participants(anne_sid).update(muted=True)
    client.conferences(running.sid).participants(anne_sid).update(muted=False)
    client.conferences(running.sid).participants(anne_sid).update(hold=True)
    client.conferences(running.sid).participants("host").delete()
    sim.settle()
    anne.hangup()
    sim.settle()
    seen = [request.params for request in site.at("/cf")]
    assert [params["StatusCallbackEvent"] for params in seen] == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    assert [int(params["SequenceNumber"]) for params in seen] == list(range(1, 10))
    assert seen[0]["ParticipantLabel"] == "host"
    assert {params["ConferenceSid"] for params in seen} == {running.sid}
    assert seen[-1]["ReasonConferenceEnded"] == "last-participant-left"


def test_the_muted_are_not_heard_and_those_on_hold_hear_music_only(
    sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset, bert: Handset
) -> None:
    site.answer("/hold", document("<Say>please hold</Say>", '<Pause length="60"/>'))
    for each in (phone, anne, bert):
        place(client, each, conference())
    sim.advance(8)
    (running,) = client.conferences.list()
    participants = client.conferences(running.sid).participants
    participants(phone.state["current_call"]["sid"]).update(muted=True)
    participants(anne.state["current_call"]["sid"]).update(hold=True, hold_url=f"{site.url}/hold")
    sim.advance(1)
    phone.speak("nobody hears me")
    bert.speak("only one hears me")
    assert (heard(phone), heard(anne), heard(bert)) == ([(BERT, "only one hears me")], [], [])
    assert anne.said == ["please hold"]
    participants(anne.state["current_call"]["sid"]).update(hold=False)
    sim.settle()
    bert.speak("back again")
    assert heard(anne) == [(BERT, "back again")]


def test_wait_music_of_ones_own_repeats_until_the_conference_starts(
    sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset
) -> None:
    site.answer("/wait", document("<Say>one moment</Say>", '<Pause length="9"/>'))
    place(client, phone, conference(waitUrl=f"{site.url}/wait"))
    sim.advance(24)
    assert phone.said == ["one moment"] * 3
    place(client, anne, conference())
    sim.advance(30)
    assert len(phone.said) == 3


def test_a_full_conference_lets_nobody_in(sim: Simulator, client: Client, phone: Handset, anne: Handset, bert: Handset) -> None:
    for each in (phone, anne):
        place(client, each, conference(maxParticipants="2"))
    sim.advance(5)
    place(client, bert, document("<Dial><Conference>r</Conference></Dial><Say>full</Say>"))
    sim.advance(5)
    assert bert.said == ["full"]


def test_a_coach_is_heard_by_one_only(sim: Simulator, client: Client, phone: Handset, anne: Handset, bert: Handset) -> None:
    sid = place(client, phone, conference())
    place(client, anne, conference())
    place(client, bert, conference(coach=sid))
    sim.advance(8)
    bert.speak("ask for the order number")
    assert (heard(phone), heard(anne)) == ([(BERT, "ask for the order number")], [])


# Queues


def test_an_agent_takes_the_first_caller_out_of_the_queue(
    sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset, bert: Handset
) -> None:
    site.answer("/voice", document('<Enqueue action="/out">support</Enqueue>'))
    site.answer("/about", document("<Say>an agent comes</Say>"))
    first = phone.call(LINE)
    sim.advance(10)
    anne.call(LINE)
    sim.advance(5)
    place(client, bert, document(f'<Dial><Queue url="{site.url}/about">support</Queue></Dial>', "<Say>done</Say>", "<Pause/>"))
    sim.advance(5)
    assert phone.said == ["an agent comes"]
    bert.speak("how can I help?")
    assert (heard(phone), heard(anne)) == ([(BERT, "how can I help?")], [])
    params = site.at("/about")[0].params
    assert (params["CallSid"], params["QueueTime"], bool(params["DequeingCallSid"])) == (first, "17", True)
    bert.hangup()
    sim.settle()
    out = site.at("/out")[0].params
    assert (out["QueueResult"], out["CallSid"], out["QueueTime"]) == ("bridged", first, "17")
    assert anne.state["state"] == "in-call"


def test_an_agent_waits_for_the_next_caller(sim: Simulator, client: Client, site: Any, phone: Handset, bert: Handset) -> None:
    site.answer("/voice", document("<Enqueue>support</Enqueue>"))
    phone.call(LINE)
    sim.settle()
    phone.hangup()
    place(client, bert, document('<Dial timeout="60"><Queue>support</Queue></Dial>', "<Say>done</Say>", "<Pause/>"))
    sim.advance(30)
    phone.call(LINE)
    sim.settle()
    phone.speak("at last")
    assert heard(bert) == [(CALLER, "at last")]
    phone.hangup()
    sim.settle()
    assert bert.said == ["done"]


def test_an_agent_waits_no_longer_than_the_dial_timeout(sim: Simulator, client: Client, site: Any, bert: Handset) -> None:
    client.queues.create(friendly_name="support")
    place(client, bert, document(f'<Dial timeout="20" action="{site.url}/d"><Queue>support</Queue></Dial>'))
    sim.advance(23)
    assert site.at("/d")[0].params["DialCallStatus"] == "no-answer"


def test_a_full_queue_turns_callers_away(sim: Simulator, client: Client, site: Any, phone: Handset, anne: Handset) -> None:
    client.queues.create(friendly_name="support", max_size=1)
    site.answer("/voice", document('<Enqueue action="/out">support</Enqueue>'))
    phone.call(LINE)
    sim.advance(1)
    anne.call(LINE)
    sim.advance(1)
    assert [request.params["QueueResult"] for request in site.at("/out")] == ["queue-full"]
    assert phone.state["current_call"]["queue"] == "support"


def test_every_document_of_the_waiting_is_told_the_place_in_the_queue(sim: Simulator, site: Any, phone: Handset) -> None:
    """Seen in an application for Twilio Queue: its waiting room redirects to itself and reads the position again."""
    site.answer("/voice", document(f'<Enqueue waitUrl="{site.url}/wait">q</Enqueue>'))
    site.answer("/wait", document("<Say>please wait</Say>", f"<Redirect>{site.url}/wait</Redirect>"))
    phone.call(LINE)
    sim.advance(3)
    times = [(seen.params["QueuePosition"], seen.params["QueueTime"]) for seen in site.at("/wait")]
    assert times == [("1", "0"), ("1", "0"), ("1", "1"), ("1", "2")]


def test_who_leaves_muted_is_reported_as_muted(sim: Simulator, client: Client, site: Any, phone: Handset) -> None:
    place(client, phone, conference(muted="true", statusCallback=f"{site.url}/cf", statusCallbackEvent="leave"))
    sim.advance(5)
    phone.hangup()
    sim.settle()
    assert [seen.params["Muted"] for seen in site.at("/cf")] == ["true"]
