"""Twilio's client for Node, unmodified: its signatures against the application, its calls against the simulator."""

import json
import subprocess
from pathlib import Path
from unittest.mock import ANY

import pytest

SOURCES = Path(__file__).parent / "node"
REPLY = "Hey, thanks for the ping! Twilio and Azure rock!"


@pytest.fixture(scope="module")
def node(tmp_path_factory, npm_install):
    """Runs one of the scripts on what it is given, and returns what it found."""
    directory = tmp_path_factory.mktemp("node") / "client"
    installed = npm_install(SOURCES, directory)
    assert installed.returncode == 0, installed.stderr

    def run(script, **given):
        command = ["node", script]
        ended = subprocess.run(command, cwd=directory, input=json.dumps(given), capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


def test_what_node_signs_is_taken_and_what_was_changed_on_the_way_is_not(node, system):
    text = {"AccountSid": system.account, "From": "+15550001234", "To": system.line, "Body": "Ahoj & 🐒 = +", "MediaUrl0": ""}
    text |= {"MessageSid": "SM" + "5" * 32, "NumMedia": "0"}
    answers = node("sign.mjs", base=system.url, token=system.token, params=text)
    statuses = {name: answer["status"] for name, answer in answers.items()}
    taken, refused = (
        dict.fromkeys(["form", "GET", "JSON"], 200),
        ["tampered form", "tampered GET", "tampered JSON", "another's token"],
    )
    assert statuses == taken | dict.fromkeys(refused, 403)
    assert all(REPLY in answers[name]["body"] for name in taken)


def test_node_takes_every_webhook_that_the_simulator_signs(node, system, operator, web, phone, eventually):
    phone.do("call", to=system.line)
    phone.do("text", to=system.line, body="Ahoj & 🐒 = +")
    operator.post("/send_sms", data={"to": phone.number, "body": "Ahoj"})
    eventually(
        lambda: phone.state,
        lambda state: state["last_call"] and [text["status"] for text in state["messages"]].count("delivered") == 2,
    )
    sent = web.get(f"{system.simulator}/requests").json()["requests"]
    assert {"voice", "call-status", "message", "message-status"} <= {one["kind"] for one in sent}
    verdicts = node("verify.mjs", token=system.token, requests=sent)
    assert [one["url"] for one, verdict in zip(sent, verdicts, strict=True) if not verdict] == []


def test_node_calls_and_texts_with_only_the_address_changed(node, system, phone, eventually):
    found = node(
        "call.mjs",
        simulator=system.simulator,
        account=system.account,
        token=system.token,
        **{"from": system.line},
        to=phone.number,
        voice=f"{system.url}/voice_url",
    )
    sid = found["placed"]["sid"]
    refusal = {"name": ANY, "status": 400, "code": 21211, "moreInfo": "https://www.twilio.com/docs/errors/21211"}
    assert found == {
        "placed": {"sid": sid, "to": phone.number, "status": "queued"},
        "fetched": {"sid": sid, "dated": True},
        "listed": [sid],
        "text": {"sid": ANY, "to": phone.number, "body": "Ahoj 🐒", "segments": "1"},
        "refusal": refusal,
        "textRefusal": refusal,
        "locked": {"name": ANY, "status": 401, "code": 20003, "moreInfo": "https://www.twilio.com/docs/errors/20003"},
    }
    last = eventually(lambda: phone.state["last_call"])
    assert (last["sid"], last["status"]) == (sid, "completed")
    assert phone.said == ["Hello Monkey!"]
    assert eventually(lambda: phone.received) == ["Ahoj 🐒"]


def test_node_uses_numbers_and_recordings_with_only_the_address_changed(node, system, twilio, phone, eventually):
    listen = f'<Response><Record finishOnKey="#" playBeep="false" action="{system.url}/voice_url"/></Response>'
    call = twilio.calls.create(to=phone.number, from_=system.line, twiml=listen).sid
    eventually(lambda: phone.state["state"], lambda state: state == "in-call")
    phone.do("speak", text="This is for the record")
    phone.do("press", digits="#")
    eventually(lambda: phone.state["last_call"])
    sms = f"{system.url}/sms_url"
    found = node("account.mjs", simulator=system.simulator, account=system.account, token=system.token, sms=sms, call=call)
    number = found["offered"]
    assert number.startswith("+1206")
    assert found == {
        "offered": number,
        "pointed": {"number": number, "sms": sms, "method": "GET"},
        "owned": [number, system.line],
        "released": True,
        "recording": {"call": call, "status": "completed", "source": "RecordVerb"},
        "sound": "RIFF",
        "deleted": True,
        "alerts": True,
    }
