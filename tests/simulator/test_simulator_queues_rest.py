"""Queues and those who wait in them, over the REST API."""

import pytest
from conftest import Site
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio_rest import LINE, VERIFIED, Rest

from simulator.driver import Handset, Simulator


def enqueue(sim: Simulator, site: Site, phone: Handset) -> str:
    """Let a phone call into the queue named support; returns the call's SID."""
    site.answer("/voice", "<Response><Enqueue>support</Enqueue><Say>Nobody came</Say></Response>")
    sid = phone.call(LINE)
    sim.settle()
    return sid


def find(rest: Rest) -> str:
    """Find the SID of the only queue."""
    (queue,) = rest.get("/Queues.json")["queues"]
    return str(queue["sid"])


def test_a_queue_is_made_fetched_changed_and_deleted(rest: Rest) -> None:
    made = rest.post("/Queues.json", FriendlyName="support")
    assert (made["friendly_name"], made["max_size"], made["current_size"], made["average_wait_time"]) == ("support", 1000, 0, 0)
    path = f"/Queues/{made['sid']}.json"
    assert rest.get(path) == made
    changed = rest.post(path, FriendlyName="sales", MaxSize="5")
    assert (changed["friendly_name"], changed["max_size"]) == ("sales", 5)
    assert rest.post(path, FriendlyName="sales")["max_size"] == 5
    rest.delete(path)
    rest.refused(path, 20404, 404, "GET")
    assert rest.get("/Queues.json")["queues"] == []


def test_queues_that_are_refused(rest: Rest) -> None:
    sid = rest.post("/Queues.json", FriendlyName="support")["sid"]
    rest.post("/Queues.json", FriendlyName="sales")
    for wrong, code in (({}, 20002), ({"FriendlyName": "x" * 65}, 20002), ({"FriendlyName": "support"}, 22003)):
        rest.refused("/Queues.json", code, **wrong)
    for size in ("0", "5001", "many", "-1"):
        rest.refused("/Queues.json", 20001, FriendlyName="new", MaxSize=size)
    rest.refused(f"/Queues/{sid}.json", 22003, FriendlyName="sales")
    rest.refused(f"/Queues/{sid}.json", 20002, FriendlyName="")
    rest.refused(f"/Queues/{sid}/Members/Front.json", 20404, 404, "GET")
    rest.refused("/Queues/QU" + "0" * 32 + "/Members.json", 20404, 404, "GET")


def test_those_who_wait_are_listed_in_their_order(rest: Rest, sim: Simulator, site: Site, phone: Handset) -> None:
    first = enqueue(sim, site, phone)
    sim.advance(10)
    second = enqueue(sim, site, sim.phone(VERIFIED))
    sim.advance(20)
    queue = find(rest)
    members = rest.get(f"/Queues/{queue}/Members.json")["queue_members"]
    assert [(each["call_sid"], each["position"], each["wait_time"]) for each in members] == [(first, 1, 30), (second, 2, 20)]
    assert rest.get(f"/Queues/{queue}/Members/Front.json") == members[0]
    assert rest.get(f"/Queues/{queue}/Members/{second}.json") == members[1]
    state = rest.get(f"/Queues/{queue}.json")
    assert (state["current_size"], state["average_wait_time"]) == (2, 25)
    rest.refused(f"/Queues/{queue}.json", 22002, 409, "DELETE")


def test_the_first_one_is_taken_out_to_another_document(rest: Rest, sim: Simulator, site: Site, phone: Handset) -> None:
    first = enqueue(sim, site, phone)
    second = enqueue(sim, site, sim.phone(VERIFIED))
    site.answer("/agent", "<Response><Say>You are through</Say></Response>")
    sim.advance(5)
    front = f"/Queues/{find(rest)}/Members/Front.json"
    rest.refused(front, 21205)
    rest.refused(front, 21205, Url="/agent")
    taken = rest.post(front, Url=f"{site.url}/agent", Method="GET")
    assert (taken["call_sid"], taken["wait_time"], taken["position"]) == (first, 5, 1)
    sim.advance(5)
    assert phone.said == ["You are through"]
    assert [seen.method for seen in site.at("/agent")] == ["GET"]
    assert rest.get(front)["call_sid"] == second


def test_twilios_own_client_works_with_queues(sim: Simulator, site: Site, phone: Handset, client: Client) -> None:
    queue = client.queues.create(friendly_name="support", max_size=2)
    sid = enqueue(sim, site, phone)
    sim.advance(3)
    assert [each.call_sid for each in client.queues(queue.sid).members.list()] == [sid]
    assert client.queues(queue.sid).fetch().current_size == 1
    site.answer("/agent", "<Response><Say>Hello</Say></Response>")
    client.queues(queue.sid).members(sid).update(url=f"{site.url}/agent")
    sim.advance(3)
    assert phone.said == ["Hello"]
    with pytest.raises(TwilioRestException) as refused:
        client.queues.create(friendly_name="support")
    assert (refused.value.status, refused.value.code) == (400, 22003)
    assert client.queues(queue.sid).delete() is True
