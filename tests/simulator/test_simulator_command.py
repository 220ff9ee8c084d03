"""The command line: what it accepts, what it refuses in a sentence, and how it starts and ends."""

import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from simulator.__main__ import BadSetting, main, read_config
from simulator.logs import MaskingFormatter

ROOT = Path(__file__).parents[2]
ACCOUNT, SECRET = "AC" + "1" * 32, "very-secret-words"
GOOD = {"SIMULATOR_ACCOUNT_SID": ACCOUNT, "SIMULATOR_AUTH_TOKEN": SECRET, "SIMULATOR_NUMBER": "+15550001111"}


def test_options_come_from_the_command_line_or_the_environment() -> None:
    given = [f"--account-sid={ACCOUNT}", "--auth-token=x", "--number=+15550001111", "--number=+15550001112", "--trial"]
    given += ["--port=0", "--speed=60", "--voice-url=http://127.0.0.1:5000/voice_url", "--caller-id=+15550003333"]
    config = read_config(given, {})
    assert (config.numbers, config.caller_ids) == (("+15550001111", "+15550001112"), ("+15550003333",))
    assert (config.port, config.speed, config.trial, config.host) == (0, 60, True, "127.0.0.1")
    several = {"SIMULATOR_NUMBER": "+15550001111, +15550001112", "SIMULATOR_SPEED": "2", "SIMULATOR_TRIAL": "1"}
    config = read_config([], GOOD | several)
    assert (config.numbers, config.speed, config.trial) == (("+15550001111", "+15550001112"), 2, True)
    assert read_config(["--number=+15550001119"], GOOD).numbers == ("+15550001119",)
    rates = read_config(["--calls-per-second=0.5", "--concurrency=20", "--balance=3"], GOOD)
    assert (rates.calls_per_second, rates.concurrency, rates.balance) == (0.5, 20, "3.00")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"ACCOUNT_SID": ""}, "--account-sid"),
        ({"ACCOUNT_SID": "AC12"}, "--account-sid"),
        ({"AUTH_TOKEN": ""}, "token"),
        ({"NUMBER": ""}, "--number"),
        ({"NUMBER": "5"}, "--number"),
        ({"CALLER_ID": "mother"}, "--caller-id"),
        ({"PORT": "70000"}, "--port"),
        ({"PORT": "http"}, "--port"),
        ({"PORT": "5050.5"}, "--port"),
        ({"SPEED": "0"}, "--speed"),
        ({"SPEED": "nan"}, "--speed"),
        ({"BALANCE": "plenty"}, "--balance"),
        ({"CALLS_PER_SECOND": "0"}, "--calls-per-second"),
        ({"CONCURRENCY": "1.5"}, "--concurrency"),
        ({"VOICE_URL": "/voice_url"}, "--voice-url"),
        ({"PUBLIC_URL": "simulator.example"}, "--public-url"),
        ({"REPLY_LIMIT": "0"}, "--reply-limit"),
        ({"TEXT_RATE": "fast"}, "--text-rate"),
        ({"MESSAGING_SERVICE_SID": "MG1"}, "--messaging-service-sid"),
        ({"STATUS_URL": "ftp://a.example"}, "--status-url"),
        ({"TEST_ACCOUNT_SID": "AC" + "2" * 32}, "belong together"),
    ],
)
def test_bad_settings_are_named(change: dict[str, str], word: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        read_config([], GOOD | {f"SIMULATOR_{name}": value for name, value in change.items()})
    assert word in str(refusal.value)
    assert SECRET not in str(refusal.value)


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "simulator", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=clean | GOOD, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_at_once(number: signal.Signals, http: httpx.Client) -> None:
    with start("--port=0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[-1]
        with http.stream("GET", f"{url}/phones/%2B15550002222/events") as events:
            assert next(events.iter_lines()) == "event: state"
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    assert line.count("http://127.0.0.1:") == 1
    assert SECRET not in line


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str) -> int:
    monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
    for name, value in (GOOD | environment).items():
        monkeypatch.setenv(name, value)
    return main()


def test_it_refuses_in_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, SIMULATOR_ACCOUNT_SID="AC1") == 2
    assert capsys.readouterr().err == "simulator: --account-sid must be AC followed by 32 hexadecimal digits.\n"


def test_a_taken_port_is_said_plainly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(monkeypatch, f"--port={taken.getsockname()[1]}") == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("simulator: cannot listen there: ")


def test_the_log_holds_no_number_in_full() -> None:
    try:
        raise ValueError("cannot call +15550002222 or /phones/%2b442071838750/call")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "call to %s", ("+15550001111",), sys.exc_info())
    line = MaskingFormatter().format(record)
    assert line.startswith("call to **********11\n")
    assert "5550002222" not in line
    assert "2071838750" not in line
