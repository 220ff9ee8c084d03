"""The guide's story, by script: the phone rings and says its words, and a text is answered."""

from unittest.mock import ANY

GREETING = "Hello Monkey!"
REPLY = "Hey, thanks for the ping! Twilio and Azure rock!"


def test_make_call_rings_the_phone_which_hears_the_greeting(system, operator, twilio, web, phone, eventually):
    placed = operator.get("/make_call", params={"to": phone.number})
    assert placed.status_code == 201
    assert placed.json() == {"sid": ANY, "to": phone.number, "from": system.line, "status": ANY}
    sid = placed.json()["sid"]

    call = eventually(lambda: twilio.calls(sid).fetch(), lambda call: call.status == "completed")
    assert (call.direction, call.to, call._from) == ("outbound-api", phone.number, system.line)
    state = phone.state
    assert (state["state"], state["last_call"]["sid"], state["last_call"]["status"]) == ("idle", sid, "completed")
    assert phone.said == [GREETING]

    def entry_on_the_console():
        page = operator.get("/", headers={"Accept": "text/html"}).text
        return next(part for part in page.split("<article") if phone.number in part)

    eventually(entry_on_the_console, lambda entry: "completed" in entry)
    webhooks = web.get(f"{system.simulator}/requests", params={"sid": sid}).json()["requests"]
    assert [one["status"] for one in webhooks if "/voice_url" in one["url"]] == [200]
    assert {one["status"] for one in webhooks if "/status/call" in one["url"]} == {204}
    assert [one["alerts"] for one in webhooks if one["alerts"]] == []


def test_somebody_who_calls_hears_the_greeting(system, twilio, phone, eventually):
    sid = phone.do("call", to=system.line)["sid"]
    eventually(lambda: twilio.calls(sid).fetch().status, lambda status: status == "completed")
    assert phone.said == [GREETING]


def test_a_text_is_answered(system, phone, eventually):
    phone.do("text", to=system.line, body="Ping")
    assert eventually(lambda: phone.received) == [REPLY]


def test_a_text_that_is_sent_arrives(system, operator, twilio, phone, eventually):
    sent = operator.post("/send_sms", json={"to": phone.number, "body": "Ahoj 🐒"})
    assert sent.status_code == 201
    assert sent.json() == {"sid": ANY, "to": phone.number, "from": system.line, "status": ANY}
    assert eventually(lambda: phone.received) == ["Ahoj 🐒"]
    eventually(lambda: twilio.messages(sent.json()["sid"]).fetch().status, lambda status: status == "delivered")


def test_nobody_else_can_make_it_dial(web, system, twilio, number):
    refused = web.get(f"{system.url}/make_call", params={"to": number})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    assert twilio.calls.list(to=number) == []
