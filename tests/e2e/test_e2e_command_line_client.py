"""Twilio's command-line client, unmodified: calls, messages, recordings and numbers, with only the address changed."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "command_line"
TO_SIMULATOR = Path(__file__).parents[2] / "simulator" / "clients" / "node.cjs"
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")
LISTEN = '<Response><Record finishOnKey="#" playBeep="false" action="{url}/voice_url"/></Response>'


@pytest.fixture(scope="module")
def program(tmp_path_factory, npm_install):
    """The client, installed; its own folder is its home."""
    directory = tmp_path_factory.mktemp("command_line") / "client"
    installed = npm_install(SOURCES, directory)
    if any(word in installed.stderr for word in UNREACHABLE):
        pytest.skip("npm cannot be reached from this machine, and twilio-cli is not in its cache")
    assert installed.returncode == 0, installed.stderr
    return directory / "node_modules" / ".bin" / "twilio"


@pytest.fixture
def command(program, system):
    """Runs one command; returns its exit code, and all that it printed."""

    def run(*arguments):
        environ = {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(program.parents[2]),
            "NODE_OPTIONS": f"--require {TO_SIMULATOR}",
            "TWILIO_API_URL": system.simulator,
            "TWILIO_ACCOUNT_SID": system.account,
            "TWILIO_AUTH_TOKEN": system.token,
        }
        ended = subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, timeout=120)
        return ended.returncode, ended.stdout, ended.stderr

    return run


@pytest.fixture
def twilio_cli(command):
    """Runs one command that must succeed; returns what it printed as JSON."""

    def run(*arguments):
        code, output, complaint = command(*arguments, "-o", "json")
        assert code == 0, output + complaint
        return json.loads(output) if output.strip() else []

    return run


def test_it_calls_and_finds_the_recording(twilio_cli, system, phone, eventually):
    twiml = LISTEN.format(url=system.url)
    [placed] = twilio_cli("api:core:calls:create", "--from", system.line, "--to", phone.number, "--twiml", twiml)
    assert (placed["to"], placed["status"]) == (phone.number, "queued")
    eventually(lambda: phone.state["state"], lambda state: state == "in-call")
    phone.do("speak", text="This is for the record")
    phone.do("press", digits="#")
    eventually(lambda: phone.state["last_call"])
    [call] = twilio_cli("api:core:calls:list", "--to", phone.number)
    assert (call["sid"], call["status"], phone.said) == (placed["sid"], "completed", ["Hello Monkey!"])
    [recording] = twilio_cli("api:core:recordings:list", "--call-sid", call["sid"])
    assert (recording["source"], recording["status"]) == ("RecordVerb", "completed")
    twilio_cli("api:core:recordings:remove", "--sid", recording["sid"])
    assert twilio_cli("api:core:recordings:list", "--call-sid", call["sid"]) == []


def test_it_texts(twilio_cli, system, phone, eventually):
    [sent] = twilio_cli("api:core:messages:create", "--from", system.line, "--to", phone.number, "--body", "Ahoj 🐒")
    assert (sent["to"], sent["body"], sent["numSegments"]) == (phone.number, "Ahoj 🐒", "1")
    assert eventually(lambda: phone.received) == ["Ahoj 🐒"]
    assert [text["sid"] for text in twilio_cli("api:core:messages:list", "--to", phone.number)] == [sent["sid"]]


def test_it_buys_points_and_releases_a_number(twilio_cli, system):
    [bought] = twilio_cli("api:core:incoming-phone-numbers:create", "--area-code", "415")
    assert bought["phoneNumber"].startswith("+1415")
    twilio_cli("api:core:incoming-phone-numbers:update", "--sid", bought["sid"], "--sms-url", f"{system.url}/sms_url")
    [listed] = twilio_cli("api:core:incoming-phone-numbers:list", "--phone-number", bought["phoneNumber"])
    assert listed["smsUrl"] == f"{system.url}/sms_url"
    twilio_cli("api:core:incoming-phone-numbers:remove", "--sid", bought["sid"])
    assert [line["phoneNumber"] for line in twilio_cli("phone-numbers:list")] == [system.line]


def test_it_shows_a_refusal_with_twilios_code(command, system):
    code, output, complaint = command("api:core:messages:create", "--from", system.line, "--to", "1", "--body", "Ahoj")
    assert code != 0
    assert "21211" in output + complaint
