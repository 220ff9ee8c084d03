"""What becomes of texts on their way: statuses in order, each told once, and what keeps a text from arriving.

Facts: Twilio's pages on outbound message status in status callbacks, on the Messages resource and on its errors.
"""

from typing import Any

import pytest
from twilio.rest import Client
from twilio_rest import LINE, PHONE, Rest

from simulator.driver import Handset, Refused, Simulator


def told(site: Any, sid: str) -> list[tuple[str, str | None]]:
    """List the statuses that the application was told of a message, with their codes."""
    seen = [seen.params for seen in site.at("/st") if seen.params["MessageSid"] == sid]
    return [(params["MessageStatus"], params.get("ErrorCode")) for params in seen]


def send(client: Client, site: Any, **fields: Any) -> str:
    return str(client.messages.create(to=PHONE, from_=LINE, body="x", status_callback=f"{site.url}/st", **fields).sid)


def test_each_status_but_the_first_is_told_once_in_order(sim: Simulator, site: Any, client: Client) -> None:
    sid = send(client, site)
    sim.settle()
    assert told(site, sid) == []
    sim.advance(5)
    assert told(site, sid) == [("sending", None), ("sent", None), ("delivered", None)]
    assert ["RawDlrDoneDate" in seen.params for seen in site.at("/st")] == [False, False, True]
    assert all(seen.params["SmsStatus"] == seen.params["MessageStatus"] for seen in site.at("/st"))


@pytest.mark.parametrize(
    ("habit", "code"), [("off", 30003), ("unknown", 30005), ("landline", 30006), ("filtered", 30007), ("lost", 30008)]
)
def test_a_phone_that_texts_do_not_reach(habit: str, code: int, sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    phone.on_text(habit)
    sid = send(client, site)
    sim.advance(5)
    assert told(site, sid) == [("sending", None), ("sent", None), ("undelivered", str(code))]
    assert "RawDlrDoneDate" not in site.at("/st")[-1].params
    fetched = client.messages(sid).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", code)
    assert fetched.error_message
    assert phone.messages == []
    phone.on_text("receive")
    send(client, site)
    sim.advance(5)
    assert [text["body"] for text in phone.messages] == ["x"]


def test_what_a_phone_does_with_texts_is_shown_and_stays(phone: Handset) -> None:
    assert phone.state["on_text"] == "receive"
    phone.on_text("off")
    phone.on_ring("busy")
    assert (phone.state["on_text"], phone.state["on_ring"]) == ("off", "busy")
    with pytest.raises(Refused) as refusal:
        phone.on_text("eat")
    assert refusal.value.status == 400


@pytest.mark.parametrize("code", [30003, 30005, 30006, 30007, 30008, 30410])
def test_a_fault_keeps_a_text_from_arriving(code: int, sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    sim.fault("message", "undeliver", match=PHONE, code=code)
    first, second = send(client, site), send(client, site)
    sim.advance(5)
    assert told(site, first)[-1] == ("undelivered", str(code))
    assert told(site, second)[-1] == ("delivered", None)
    assert len(phone.messages) == 1


def test_a_fault_keeps_a_text_from_leaving(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    sim.fault("message", "fail", code=30004)
    sid = send(client, site)
    sim.advance(5)
    assert told(site, sid) == [("failed", "30004")]
    assert client.messages(sid).fetch().date_sent is None
    assert phone.messages == []


def test_a_fault_without_a_code_is_an_unreachable_handset(sim: Simulator, site: Any, client: Client) -> None:
    sim.fault("message", "undeliver")
    sid = send(client, site)
    sim.advance(5)
    assert told(site, sid)[-1] == ("undelivered", "30003")


@pytest.mark.parametrize("code", [0, 200, 1_000_000, "many"])
def test_codes_that_are_none(code: Any, quiet_sim: Simulator) -> None:
    with pytest.raises(Refused) as refusal:
        quiet_sim.ask("POST", "/faults", {"target": "message", "kind": "fail", "code": code})
    assert refusal.value.code == "bad_fault"


def test_a_canceled_text_is_told_of_and_never_arrives(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    sid = send(client, site)
    assert client.messages(sid).update(status="canceled").status == "canceled"
    sim.advance(5)
    assert told(site, sid) == [("canceled", None)]
    assert phone.messages == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 30400),
        ({"Body": "other words"}, 30400),
        ({"Body": "", "Status": "canceled"}, 30400),
        ({"Status": "delivered"}, 30400),
        ({"Status": "canceled"}, 30409),
    ],
)
def test_changes_that_are_refused(fields: dict[str, str], code: int, rest: Rest, sim: Simulator) -> None:
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, Body="Hi")
    sim.advance(5)
    rest.refused(f"/Messages/{sent['sid']}.json", code, **fields)
    assert rest.get(f"/Messages/{sent['sid']}.json")["body"] == "Hi"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"To": LINE}, 21266)] + [({"ValidityPeriod": value}, 21624) for value in ("0", "36001", "-5", "soon", "1.5", "9" * 5000)],
)
def test_texts_that_are_refused(change: dict[str, str], code: int, quiet_rest: Rest) -> None:
    quiet_rest.refused("/Messages.json", code, **({"To": PHONE, "From": LINE, "Body": "x"} | change))


def test_what_only_asks_for_advice_is_accepted(rest: Rest, client: Client) -> None:
    wishes = {"ValidityPeriod": "36000", "ProvideFeedback": "true", "SmartEncoded": "true", "Attempt": "1", "RiskCheck": "enable"}
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, Body="x", **wishes)
    feedback = client.messages(sent["sid"]).feedback.create(outcome="confirmed")
    assert (feedback.message_sid, feedback.outcome, feedback.date_created is None) == (sent["sid"], "confirmed", False)
    shown = rest.send("POST", f"/Messages/{sent['sid']}/Feedback.json").json()
    assert set(shown) == {"account_sid", "message_sid", "outcome", "date_created", "date_updated", "uri"}
    rest.refused(f"/Messages/{sent['sid']}/Feedback.json", 20001, Outcome="perhaps")


def test_files_and_their_list_have_twilios_shape(rest: Rest, sim: Simulator, phone: Handset) -> None:
    sid = phone.text(LINE, media=["data:image/png,x", "data:image/gif,y"])
    path = f"/Messages/{sid}/Media"
    files = rest.get(f"{path}.json")["media_list"]
    assert [file["content_type"] for file in files] == ["image/png", "image/gif"]
    assert rest.get(f"{path}/{files[0]['sid']}.json") == files[0]
    rest.delete(f"{path}/{files[0]['sid']}.json")
    rest.refused(f"{path}/{files[0]['sid']}.json", 20404, 404, "GET")
    assert rest.get(f"{path}.json", PageSize="1", **{"DateCreated>": "2020-01-01"})["media_list"] == files[1:]


def test_a_number_given_back_hears_of_no_more_texts(sim: Simulator, site: Any, client: Client, phone: Handset) -> None:
    second = client.incoming_phone_numbers.create(phone_number="+15005550123", sms_url=f"{site.url}/second")
    client.messages.create(to="+15005550123", from_=LINE, body="x")
    assert second.delete()
    sim.advance(5)
    assert site.at("/second") == []


def test_the_text_of_a_picture_message_is_not_cut_up(rest: Rest) -> None:
    sent = rest.post("/Messages.json", To=PHONE, From=LINE, Body="x" * 500, MediaUrl="http://127.0.0.1:9/a.png")
    assert (sent["num_segments"], sent["num_media"]) == ("1", "1")
