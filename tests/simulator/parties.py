"""The people on the phones of the simulator's tests, and how an application gets hold of them."""

from typing import Any

from twilio.rest import Client

from simulator.driver import Handset

ACCOUNT = "AC" + "1" * 32
KEY = "key-of-the-tests"
LINE, SECOND_LINE = "+15550001111", "+15550001112"
CALLER, ANNE, BERT = "+15550002222", "+15550004444", "+15550005555"


def document(*verbs: str) -> str:
    """Write a TwiML document."""
    return f"<Response>{''.join(verbs)}</Response>"


def conference(name: str = "r", **attributes: str) -> str:
    """Write a document that joins a conference."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return document(f"<Dial><Conference{written}>{name}</Conference></Dial>")


def heard(phone: Handset) -> list[tuple[str, str]]:
    """List what the others on the line said or pressed, with their numbers."""
    return [(line["from"], line["text"]) for line in phone.transcript if line["speaker"] == "party"]


def place(client: Client, phone: Handset, twiml: str, **more: Any) -> str:
    """Call a phone; returns the call's SID."""
    return str(client.calls.create(to=phone.number, from_=LINE, twiml=twiml, **more).sid)
