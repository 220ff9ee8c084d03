"""Two workers under the project's own gunicorn: what each of them counts is told by either, and every line is JSON."""

import json
import os
import re
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bench.__main__ import PROGRAMS
from bench.load import send, signed_messages
from bench.server import PASSWORD, Server, serving

PATIENCE = 60.0  # seconds


def figures(port: int) -> str:
    """What /metrics says, asked over a connection of its own: whichever worker takes it answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {PASSWORD}"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def counted(text: str) -> float:
    found = re.search(r'^switchboard_request_seconds_count\{endpoint="webhooks.sms_url",status="200"\} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def folder_of(server: Server) -> Path:
    (found,) = [*Path("/dev/shm").glob(f"switchboard-metrics-{server.pid}-*")]  # noqa: S108
    return found


def test_the_sum_over_workers_is_right_whichever_answers_and_outlives_them(tmp_path: Path, eventually) -> None:
    with serving("wsgi:app", tmp_path / "served", workers=2) as server:
        eventually(lambda: len(server.workers()) == 2)
        assert not send(server.port, signed_messages(server.port, 300)).refused
        assert {counted(figures(server.port)) for _ in range(10)} == {300.0}
        before = server.workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len({*server.workers()} - {*before}) == 2 and not {*server.workers()} & {*before})
        eventually(lambda: counted(figures(server.port)) == 300.0)
        send(server.port, signed_messages(server.port, 20))
        assert {counted(figures(server.port)) for _ in range(10)} == {320.0}
        folder = folder_of(server)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    lines = (tmp_path / "served" / "log").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert {"gunicorn.error", "app.routes.observed", "app.signature"} <= {line["logger"] for line in told}
    texts = [line for line in told if line.get("endpoint") == "webhooks.sms_url" and line["status"] == 200]
    assert len(texts) == 320
    assert all(line["message_sid"].startswith("SM") and line["request_id"] for line in texts)
    assert not any(hidden in (tmp_path / "served" / "log").read_text() for hidden in ("+1555", PASSWORD, "5550002222"))


def test_figures_that_cannot_be_written_cost_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "file" / "nowhere"))
    with serving("wsgi:app", tmp_path / "served", workers=1) as server:
        assert not send(server.port, signed_messages(server.port, 20)).refused
        assert "switchboard_database_up 1.0" in figures(server.port)


def test_a_folder_for_figures_that_is_not_there_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "run" / "figures"))
    with serving("wsgi:app", tmp_path / "served", workers=1) as server:
        assert not send(server.port, signed_messages(server.port, 20)).refused
        assert counted(figures(server.port)) == 20


@pytest.mark.parametrize("program", sorted(PROGRAMS.values()))
def test_what_make_bench_compares_runs_under_the_same_settings(program: str, tmp_path: Path) -> None:
    with serving(program, tmp_path / "served") as server:
        assert not send(server.port, signed_messages(server.port, 20)).refused
