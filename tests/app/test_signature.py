"""Did Twilio send this? Proved on the vectors that Twilio's own libraries publish, and on what forgers try."""

import json
import logging
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from visitors import BASE_URL, SECONDARY_TOKEN, SETTINGS, TOKEN, Twilio

from app.signature import Parameters, is_body_hash, is_signed
from simulator.web.signature import sign, signature_headers, with_body_hash

TEXT = {
    "MessageSid": "SM1",
    "From": "+15550002222",
    "To": "+15550001111",
    "Body": "ping",
    "AccountSid": SETTINGS["twilio_account_sid"],
}
FORM = "application/x-www-form-urlencoded"


def test_every_published_vector_is_judged_as_all_of_twilios_libraries_judge_it(published_vector: dict[str, Any]) -> None:
    vector = published_vector
    form = Parameters()
    for name, value in vector["params"] or []:
        form.setdefault(name, []).append(value)
    hash_holds = True
    if vector["body"] is not None:
        claimed = dict(pair.split("=") for pair in vector["url"].partition("?")[2].split("&") if pair).get("bodySHA256", "")
        hash_holds = is_body_hash(vector["body"].encode(), claimed)
    assert (hash_holds and is_signed(vector["url"], form, vector["signature"], (vector["token"],))) is vector["valid"]


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(values, values), max_size=8), st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]), values)
def test_what_the_simulator_signs_is_accepted_and_a_change_is_not(pairs: list[tuple[str, str]], algorithm: str, extra: str) -> None:
    url = f"{BASE_URL}/voice_url?attempt=1"
    form = Parameters()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    signature = sign(TOKEN, url, pairs, algorithm)
    assert is_signed(url, form, signature, ("another", TOKEN), algorithm)
    assert not is_signed(url + "x", form, signature, (TOKEN,), algorithm)
    changed = Parameters(form | {f"{extra}new": ["x"]})
    assert not is_signed(url, changed, signature, (TOKEN,), algorithm)


@pytest.mark.parametrize("target", ["/sms_url", "/sms_url?a=b%2Fc&d=%C3%A9", "/sms_url?", "/sms_url?x=%zz+%20", "/sms%5Furl"])
def test_the_raw_address_counts_as_it_was_sent(twilio: Twilio, target: str) -> None:
    assert twilio.post(target, TEXT).status_code == 200


def test_get_empty_and_repeated_parameters_and_any_utf8_are_accepted(twilio: Twilio) -> None:
    assert twilio.get("/sms_url?MessageSid=SM2&Body=").status_code == 200
    assert (
        twilio.post("/sms_url", [("MessageSid", "SM3"), ("Tag", "b"), ("Tag", "a"), ("Tag", "a"), ("Empty", "")]).status_code == 200
    )
    assert twilio.post("/sms_url", TEXT | {"MessageSid": "SM4", "Body": "שלום 🎉 \u202e&=+%"}).status_code == 200


def test_the_secondary_token_and_shared_keys_are_accepted(client: FlaskClient) -> None:
    assert Twilio(client, SECONDARY_TOKEN).post("/sms_url", TEXT).status_code == 200
    assert Twilio(client).post("/sms_url", TEXT, shared_key="webhooks_sharedkey_1").status_code == 200


def test_a_json_body_is_accepted_by_its_hash_and_refused_without(client: FlaskClient) -> None:
    body = json.dumps({"MessageSid": "SM5", "Body": "hi"}).encode()
    target = with_body_hash("/sms_url?x=1", body)
    headers = signature_headers(TOKEN, BASE_URL + target)
    assert client.post(target, data=body, content_type="application/json", headers=headers).status_code == 200
    assert client.post(target, data=body + b" ", content_type="application/json", headers=headers).status_code == 403
    assert client.post(target, data=b"{}", content_type="application/json", headers=headers).status_code == 403
    plain = signature_headers(TOKEN, BASE_URL + "/sms_url")
    for unhashed in (b"{}", body, b"[1]", b"null", b"not json"):
        assert client.post("/sms_url", data=unhashed, content_type="application/json", headers=plain).status_code == 403
    empty_hash = f"/sms_url?bodySHA256={sha256(b'{}').hexdigest()}"
    assert client.post(empty_hash, data=body, content_type="application/json", headers=plain).status_code == 403


REFUSED = {
    "no header": ({}, "no-signature"),
    "empty header": ({"X-Twilio-Signature": ""}, "no-signature"),
    "nonsense": ({"X-Twilio-Signature": "é\x00=="[:1]}, "token"),
    "truncated": ({"X-Twilio-Signature": sign(TOKEN, BASE_URL + "/sms_url", TEXT.items())[:-2]}, "token"),
    "another token": (signature_headers("another", BASE_URL + "/sms_url", TEXT.items()), "token"),
    "another path": (signature_headers(TOKEN, BASE_URL + "/elsewhere", TEXT.items()), "token"),
    "another host": (signature_headers(TOKEN, "http://localhost/sms_url", TEXT.items()), "host"),
    "another scheme": (signature_headers(TOKEN, "https://127.0.0.1:5000/sms_url", TEXT.items()), "https"),
    "without the body": (signature_headers(TOKEN, BASE_URL + "/sms_url"), "body"),
    "an altered value": (signature_headers(TOKEN, BASE_URL + "/sms_url", (TEXT | {"Body": "pong"}).items()), "token"),
    "an unknown algorithm": (
        signature_headers(TOKEN, BASE_URL + "/sms_url", TEXT.items())
        | {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=NONE"},
        "algorithm",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("path", ["/sms_url", "/voice_url", "/status/call", "/status/message"])
def test_what_is_not_signed_right_gets_403_and_the_log_says_why(
    app: Flask, case: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers, cause = REFUSED[case]
    with caplog.at_level(logging.WARNING, "app.signature"):
        response = app.test_client().post(path, data=TEXT, headers=headers | {"Host": "localhost"})
    assert response.status_code == 403
    assert response.json == {"error": {"code": "forbidden", "message": response.json["error"]["message"]}}
    assert "ping" not in response.text
    assert len(caplog.records) == 1
    if path == "/sms_url":
        assert f" cause={cause}: " in caplog.text
    assert TEXT["From"] not in caplog.text
    if signature := headers.get("X-Twilio-Signature"):
        assert signature not in caplog.text


def test_another_accounts_webhook_is_named_as_such(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    Twilio(client, "another").post("/sms_url", TEXT | {"AccountSid": "AC" + "9" * 32})
    assert (
        "cause=account: It says that it is about another account than TWILIO_ACCOUNT_SID, and no token of ours signed it."
        in caplog.text
    )


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
def test_a_body_that_is_neither_form_nor_hashed_is_refused(client: FlaskClient, kind: str) -> None:
    headers = signature_headers(TOKEN, BASE_URL + "/sms_url")
    assert client.post("/sms_url", data=b"MessageSid=SM1", content_type=kind, headers=headers).status_code == 403


def test_a_body_over_64_kb_is_413(twilio: Twilio) -> None:
    assert twilio.post("/sms_url", TEXT | {"Body": "x" * 65_536}).status_code == 413
    assert twilio.post("/sms_url", TEXT | {"Body": "x" * 60_000}).status_code == 200


def test_a_forged_form_of_thousands_of_parameters_is_refused_without_looking_for_words(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    form = {f"p{number}": "" for number in range(5000)}
    headers = signature_headers(TOKEN, "http://elsewhere.example/sms_url", form.items())
    assert client.post("/sms_url", data=form, headers=headers | {"Host": "elsewhere.example"}).status_code == 403
    assert "cause=token" in caplog.text


def test_an_absolute_request_line_is_refused(client: FlaskClient) -> None:
    headers = signature_headers(TOKEN, BASE_URL + "/sms_url", TEXT.items())
    environ = {"RAW_URI": "http://elsewhere.example/sms_url", "REQUEST_URI": "http://elsewhere.example/sms_url"}
    assert client.post("/sms_url", data=TEXT, headers=headers, environ_overrides=environ).status_code == 403
