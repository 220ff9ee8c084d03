"""What happens at the same moment, or just before something is over: nobody is left waiting, and nothing is left behind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from parties import ANNE, CALLER, LINE, conference, document, place
from twilio.rest import Client

from simulator.clock import VirtualClock
from simulator.driver import Handset, Simulator
from simulator.voice.calls import Instructions

LONG = "word " * 100  # 40 seconds


@pytest.fixture(autouse=True)
def nothing_is_left(sim: Simulator, phone: Handset, anne: Handset, bert: Handset) -> Iterator[None]:
    """Hang up what still runs: after that, no call may be left, and no task or timer of one."""
    yield
    for each in (phone, anne, bert):
        if each.state["state"] == "in-call":
            each.hangup()
            sim.settle()  # it may end another one's call
    sim.advance(30)
    assert [each.state["state"] for each in (phone, anne, bert)] == ["idle"] * 3
    clock = sim.exchange.clock
    assert isinstance(clock, VirtualClock)
    assert (clock.active, clock.tasks, clock.timers) == (0, 0, 0)


def at_once(sim: Simulator, *acts: Callable[[], object]) -> None:
    """Let things happen in the same moment, before anybody takes notice of the first."""
    left = list(acts)

    def act() -> bool:
        while left:
            left.pop(0)()
        return True

    sim.wait_until(act, 0)


def asked(site: Any, path: str) -> dict[str, str]:
    """Take the parameters of the only request to a path."""
    (request,) = site.at(path)
    return dict(request.params)


# Dial


@pytest.mark.parametrize("caller_is_first", [True, False])
def test_a_caller_who_hangs_up_as_the_other_one_answers_leaves_nobody_on_the_line(
    caller_is_first: bool, sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    anne.on_ring("ring")
    site.answer("/voice", document(f'<Dial action="/done">{ANNE}</Dial>'))
    sid = phone.call(LINE)
    sim.advance(3)
    exchange = sim.exchange
    acts = [
        lambda: exchange.hang_up(exchange.phone(CALLER)),
        lambda: exchange.answer(exchange.phone(ANNE)),
    ]
    at_once(sim, *(acts if caller_is_first else acts[::-1]))
    sim.settle()
    assert client.calls(sid).fetch().status == "completed"
    assert [leg.status for leg in client.calls.list(parent_call_sid=sid)] in (["canceled"], ["completed"])
    assert asked(site, "/done")["CallStatus"] == "completed"


def test_both_parties_may_hang_up_at_once(sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/voice", document(f'<Dial action="/done" record="record-from-answer">{ANNE}</Dial>'))
    phone.call(LINE)
    sim.advance(5)
    exchange = sim.exchange
    at_once(sim, lambda: exchange.hang_up(exchange.phone(ANNE)), lambda: exchange.hang_up(exchange.phone(CALLER)))
    sim.settle()
    assert asked(site, "/done")["DialCallStatus"] == "completed"


def test_a_leg_that_is_led_away_during_its_whisper_does_not_keep_the_caller(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    site.answer("/whisper", document(f"<Say>{LONG}</Say>"))
    site.answer("/voice", document(f'<Dial><Number url="/whisper">{ANNE}</Number></Dial>', "<Say>Then</Say>"))
    phone.call(LINE)
    sim.advance(5)
    client.calls(anne.state["current_call"]["sid"]).update(twiml=document("<Pause length='60'/>"))
    sim.advance(1)
    assert phone.said == ["Then"]
    assert anne.state["state"] == "in-call"


def test_what_was_pressed_before_a_redirect_is_no_answer_to_what_is_asked_after_it(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    site.answer("/voice", document(f"<Dial>{ANNE}</Dial>"))
    phone.call(LINE)
    sim.advance(5)
    anne.press("5")
    asking = document(f'<Gather numDigits="1" action="{site.url}/key"><Say>{LONG}</Say></Gather>')
    client.calls(anne.state["current_call"]["sid"]).update(twiml=asking)
    sim.advance(5)
    assert site.at("/key") == []
    anne.press("6")
    sim.settle()
    assert asked(site, "/key")["Digits"] == "6"


def test_a_leg_that_outlives_its_dial_is_not_recorded_any_more(sim: Simulator, site: Any, phone: Handset, anne: Handset) -> None:
    site.answer("/voice", document(f'<Dial record="record-from-answer">{ANNE}</Dial>'))
    phone.call(LINE)
    sim.advance(5)
    exchange = sim.exchange
    leg = exchange.telephony.calls[anne.state["current_call"]["sid"]]
    led_away = Instructions(twiml=document("<Pause length='60'/>"))
    at_once(
        sim,
        lambda: exchange.telephony.redirect(leg, led_away),
        lambda: exchange.hang_up(exchange.phone(CALLER)),
    )
    sim.advance(2)
    assert anne.state["current_call"]["recording"] is False


def test_a_caller_who_hangs_up_while_a_document_is_fetched_is_gone_at_once(
    sim: Simulator, site: Any, phone: Handset, client: Client
) -> None:
    sim.fault("webhook", "delay", "/voice", seconds=20)
    sid = phone.call(LINE)
    sim.advance(5)
    phone.hangup()
    sim.settle()
    assert (phone.state["state"], client.calls(sid).fetch().status) == ("idle", "no-answer")
    sim.advance(20)
    assert phone.transcript == []


def test_a_redirect_counts_though_a_document_is_on_its_way(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", document("<Say>First</Say>", "<Redirect>/slow</Redirect>"))
    site.answer("/slow", document("<Say>Late</Say>"))
    sim.fault("webhook", "delay", "/slow", seconds=20)
    sid = phone.call(LINE)
    sim.advance(5)
    client.calls(sid).update(twiml=document("<Say>Second</Say>"))
    sim.advance(30)
    assert phone.said == ["First", "Second"]


# Answering machines


def test_who_answered_is_told_although_keys_end_a_question_meanwhile(
    sim: Simulator, site: Any, anne: Handset, client: Client
) -> None:
    site.answer("/key", document("<Pause length='60'/>"))
    asking = document(f'<Gather numDigits="1" action="{site.url}/key"><Say>{LONG}</Say></Gather>')
    more = {"machine_detection": "Enable", "async_amd": "true", "async_amd_status_callback": f"{site.url}/amd"}
    place(client, anne, asking, **more)
    sim.advance(2.5)
    anne.press("5")
    sim.advance(5)
    assert asked(site, "/key")["Digits"] == "5"
    assert asked(site, "/amd")["AnsweredBy"] == "human"


def test_a_redirect_does_not_hasten_the_detection_of_a_machine(sim: Simulator, site: Any, anne: Handset, client: Client) -> None:
    more = {"machine_detection": "Enable", "async_amd": "true", "async_amd_status_callback": f"{site.url}/amd"}
    anne.on_ring("machine")
    sid = place(client, anne, document(f"<Say>{LONG}</Say>"), **more)
    sim.advance(3)
    client.calls(sid).update(twiml=document(f"<Say>{LONG}</Say>"))
    sim.advance(1.5)
    assert site.at("/amd") == []
    sim.advance(1)
    assert asked(site, "/amd")["AnsweredBy"] == "machine_start"


def test_a_call_may_be_led_away_while_it_is_found_out_who_has_answered(
    sim: Simulator, site: Any, anne: Handset, client: Client
) -> None:
    anne.on_ring("machine")
    sid = place(client, anne, document("<Say>First</Say>"), machine_detection="Enable")
    sim.advance(3)
    client.calls(sid).update(url=f"{site.url}/second")
    sim.advance(1)
    assert "AnsweredBy" not in asked(site, "/second")
    assert client.calls(sid).fetch().status == "completed"


def test_a_machine_falls_silent_with_its_call(sim: Simulator, site: Any, anne: Handset, client: Client) -> None:
    anne.on_ring("machine")
    place(client, anne, document("<Pause length='1'/>"))
    sim.advance(3.1)
    clock = sim.exchange.clock
    assert isinstance(clock, VirtualClock)
    assert (anne.state["state"], clock.tasks, clock.timers) == ("idle", 0, 0)


# Queues


def queued(sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client) -> str:
    """Bring Anne to the first one in a queue, who is being told of her; returns the SID of the one who waits."""
    site.answer("/voice", document('<Enqueue action="/waited">q</Enqueue>', "<Hangup/>"))
    site.answer("/announce", document(f"<Say>{LONG}</Say>"))
    sid = phone.call(LINE)
    sim.advance(3)
    dial = f'<Dial action="{site.url}/done"><Queue url="{site.url}/announce">q</Queue></Dial>'
    place(client, anne, document(dial))
    sim.advance(10)
    assert anne.state["current_call"]["waiting"] == "waits for somebody in the queue q"
    return sid


def test_an_agent_is_free_again_when_the_caller_hangs_up_during_the_announcement(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    queued(sim, site, phone, anne, client)
    phone.hangup()
    sim.settle()
    assert asked(site, "/done")["DialBridged"] == "false"


def test_an_agent_is_free_again_when_the_caller_is_led_away_during_the_announcement(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    sid = queued(sim, site, phone, anne, client)
    client.calls(sid).update(twiml=document("<Pause length='60'/>"))
    sim.settle()
    assert asked(site, "/done")["DialBridged"] == "false"
    assert phone.state["state"] == "in-call"


def test_a_caller_goes_on_when_the_agent_hangs_up_during_the_announcement(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    queued(sim, site, phone, anne, client)
    anne.hangup()
    sim.settle()
    assert asked(site, "/waited")["QueueResult"] == "bridged"


def test_an_agent_does_not_get_who_hangs_up_in_that_moment_but_the_next_one(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, bert: Handset, client: Client
) -> None:
    site.answer("/voice", document('<Enqueue action="/waited">q</Enqueue>'))
    phone.call(LINE)
    sim.advance(1)
    bert.call(LINE)
    sim.advance(1)
    anne.on_ring("ring")
    place(client, anne, document("<Dial><Queue>q</Queue></Dial>"))
    sim.advance(2)
    exchange = sim.exchange
    at_once(sim, lambda: exchange.answer(exchange.phone(ANNE)), lambda: exchange.hang_up(exchange.phone(CALLER)))
    sim.advance(1)
    bert.speak("it is me")
    assert [line["text"] for line in anne.transcript if line["speaker"] == "party"] == ["it is me"]
    assert asked(site, "/waited")["QueueResult"] == "hangup"


def test_who_is_called_away_from_a_queue_to_a_conference_waits_in_it_no_more(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    site.answer("/wait", document("<Enqueue>q</Enqueue>"))
    place(client, phone, conference(waitUrl=f"{site.url}/wait"))
    sim.advance(3)
    (queue,) = client.queues.list()
    assert queue.current_size == 1
    place(client, anne, conference())
    sim.advance(3)
    assert client.queues(queue.sid).fetch().current_size == 0
    anne.speak("hello")
    assert phone.transcript[-1]["text"] == "hello"


def test_a_call_that_stands_twice_in_a_queue_leaves_both_places(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", document('<Enqueue waitUrl="/wait">q</Enqueue>'))
    site.answer("/wait", document("<Enqueue>q</Enqueue>"))
    phone.call(LINE)
    sim.advance(1)
    (queue,) = client.queues.list()
    assert queue.current_size == 2
    phone.hangup()
    sim.settle()
    assert client.queues(queue.sid).fetch().current_size == 0


def test_a_queue_may_be_deleted_while_an_agent_waits_for_somebody_in_it(
    sim: Simulator, site: Any, anne: Handset, client: Client
) -> None:
    queue = client.queues.create(friendly_name="q")
    place(client, anne, document(f'<Dial timeout="20" action="{site.url}/done"><Queue>q</Queue></Dial>'))
    sim.advance(5)
    client.queues(queue.sid).delete()
    sim.advance(30)
    assert asked(site, "/done")["DialCallStatus"] == "no-answer"


# Conferences


@pytest.mark.parametrize("end", ["conference", "participant"])
def test_an_announcement_does_not_outlast_the_conference_for_who_hears_it(
    end: str, sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    site.answer("/announce", document(f"<Say>{LONG}</Say>"))
    place(client, phone, conference())
    place(client, anne, conference())
    sim.advance(5)
    (running,) = client.conferences.list()
    sid = anne.state["current_call"]["sid"]
    client.conferences(running.sid).update(announce_url=f"{site.url}/announce")
    sim.advance(5)
    if end == "conference":
        client.conferences(running.sid).update(status="completed")
    else:
        client.conferences(running.sid).participants(sid).delete()
    sim.settle()
    assert anne.state["state"] == "idle"
    assert (phone.state["state"] == "idle") is (end == "conference")


def test_the_last_two_may_leave_a_conference_at_once(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    place(client, phone, conference(record="record-from-start"))
    place(client, anne, conference())
    sim.advance(5)
    exchange = sim.exchange
    at_once(sim, lambda: exchange.hang_up(exchange.phone(ANNE)), lambda: exchange.hang_up(exchange.phone(CALLER)))
    sim.advance(2)
    (ended,) = client.conferences.list()
    assert (ended.status, ended.reason_conference_ended) == ("completed", "last-participant-left")
    assert [recording.status for recording in client.recordings.list()] == ["completed"]


def test_a_conference_event_that_waits_for_the_next_one_is_sent_at_the_end(
    sim: Simulator, site: Any, phone: Handset, anne: Handset, client: Client
) -> None:
    place(client, phone, conference(statusCallback=f"{site.url}/cf", statusCallbackEvent="start end join leave"))
    place(client, anne, conference())
    sim.advance(5)
    phone.hangup()
    sim.settle()
    sim.fault("webhook", "reorder", "/cf", count=9)
    anne.hangup()
    sim.settle()
    events = [request.params["StatusCallbackEvent"] for request in site.at("/cf")]
    assert sorted(events[-2:]) == ["conference-end", "participant-leave"]


# Numbers and records


def test_a_number_may_be_given_back_while_it_is_called(sim: Simulator, site: Any, phone: Handset, client: Client) -> None:
    site.answer("/voice", document(f"<Say>{LONG}</Say>"))
    phone.call(LINE)
    sim.advance(5)
    (number,) = client.incoming_phone_numbers.list(phone_number=LINE)
    client.incoming_phone_numbers(number.sid).delete()
    sim.advance(60)
    assert phone.state["last_call"]["status"] == "completed"
    assert len(site.at("/number-status")) == 1


def test_a_phone_keeps_what_was_set_for_its_texts_when_its_last_one_is_forgotten(site: Any, client: Client, sim: Simulator) -> None:
    account, token = sim.exchange.accounts[0].sid, sim.exchange.accounts[0].token
    with Simulator(account, token, [LINE], keep=1) as other:
        kept = other.phone("+15550007777")
        other.ask("POST", "/phones/+15550007777", {"on_text": "landline"})
        kept.text(LINE, "one")
        other.advance(1)
        other.phone("+15550008888").text(LINE, "two")
        other.advance(1)
        assert kept.state["on_text"] == "landline"
