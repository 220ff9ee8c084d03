"""A program under the project's own gunicorn.conf.py, on a free port of the loopback, until the `with` ends."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.settings import ROOT, SECRETS
from bench import leaks
from bench.load import ACCOUNT, TOKEN, send, signed_messages

PASSWORD = "nobody-signs-in"
STOP_LIMIT = 30  # seconds, longer than gunicorn's graceful_timeout


@dataclass(frozen=True)
class Server:
    """A running gunicorn: the master's process ID, its port, its SQLite file, its environment."""

    pid: int
    port: int
    database: Path
    environ: Mapping[str, str]

    def workers(self) -> list[int]:
        """The process IDs of the workers that live now."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu_time(self) -> float:
        """Seconds of CPU that the workers which live now have used."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.workers()]
        return sum(int(user) + int(system) for *_, user, system in (each[:13] for each in fields)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    application: str,
    folder: Path,
    workers: int = 1,
    core: int | None = None,
    settings: Mapping[str, str] | None = None,
    *,
    is_private: bool = True,
) -> Iterator[Server]:
    """Serve `application` (module:name), with a database in `folder` (made), when asked for on one core only.

    `settings` go over the usual ones. Raises RuntimeError where its log holds a number, a secret or a text, unless what it is sent
    is made to look like anything, and so not `is_private`.
    """
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log").open("wb") as log:
        port, descriptor = listener.getsockname()[1], listener.fileno()  # passed on, so that nobody else can take the port
        environ = environment(port, folder / "messages.db", workers) | dict(settings or {})

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", *arguments]
            return subprocess.Popen(command, cwd=ROOT, env=environ, pass_fds=[descriptor], stdout=log, stderr=log)

        if not application.startswith("bench."):
            start("flask", "--app", "wsgi", "db", "upgrade").wait()
        process = start("gunicorn", "--bind", f"fd://{descriptor}", application)
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})  # before it has workers, which inherit it
        try:
            check_guard(port, guarded=application != "bench.bare:app")
        except Exception as problem:
            problem.add_note((folder / "log").read_text())
            raise
        yield Server(process.pid, port, folder / "messages.db", environ)
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()  # its workers see that, and end
            process.wait()
    if is_private and not application.startswith("bench."):  # others write what they like
        check_log((folder / "log").read_text(errors="replace"), environ)


def check_log(said: str, environ: Mapping[str, str]) -> None:
    """Raises RuntimeError where a log holds a phone number, or a secret or text of the server with that environment."""
    engine = create_engine(environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    if found := leaks.find(said, {*leaks.texts_in(engine), *(environ.get(name, "") for name in SECRETS)}):
        raise RuntimeError(f"The log holds {found[:3]}.")


def environment(port: int, database: Path, workers: int) -> dict[str, str]:
    """The servers' settings, all of them: what a developer's own environment or .env says does not count."""
    return (
        dict(os.environ)
        | {f"{name}_FILE": "" for name in SECRETS}
        | {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_AUTH_TOKEN_SECONDARY": "",
            "TWILIO_FROM_NUMBER": "+15550001111",
            "TWILIO_TO_NUMBER": "+15550002222",
            "TWILIO_API_URL": "http://127.0.0.1:9",  # nothing listens there, and nothing asks
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "a-key-that-signs-nothing",
            "OPERATOR_PASSWORD": PASSWORD,
            "DATABASE_URL": f"sqlite:///{database}",
            "WEB_CONCURRENCY": str(workers),
            "GUNICORN_CMD_ARGS": "",
        }
    )


def check_guard(port: int, guarded: bool) -> None:
    """Wait until the server answers, and see that it refuses a forged message if it checks. Raises RuntimeError."""
    forged = send(port, signed_messages(port, 1, token="somebody-else"))
    if forged.refused != ({403: 1} if guarded else {}):
        raise RuntimeError(f"A forged message was answered with {dict(forged.refused) or 200}.")
