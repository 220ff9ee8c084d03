"""The whole system on this machine: simulator, application and its jobs, until Ctrl-C. `make run` calls it."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from app.flow import Flow, FlowError
from app.settings import ROOT, Settings, SettingsError, given, is_loopback

START_LIMIT = 60  # seconds
STOP_LIMIT = 25  # seconds, longer than gunicorn gives its workers
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GENERATED: dict[str, Callable[[], str]] = {
    "TWILIO_ACCOUNT_SID": lambda: "AC" + secrets.token_hex(16),
    "TWILIO_AUTH_TOKEN": lambda: secrets.token_hex(16),
    "SECRET_KEY": lambda: secrets.token_hex(32),
    "OPERATOR_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def main() -> int:
    """Returns the exit status: 0 after Ctrl-C, 1 when something could not start or ended by itself."""
    for end in ENDS:
        signal.signal(end, _interrupt)
    env_file = ROOT / ".env"
    if not env_file.exists():
        text = filled_in((ROOT / ".env.example").read_text())
        env_file.touch(mode=0o600)
        env_file.write_text(text)
    try:
        environ = environment(env_file)
        settings = Settings.load(environ, env_file)
        flow = Flow(settings.flow_path, shown=settings.flow_file)
    except (SettingsError, FlowError) as error:
        print(error, file=sys.stderr)
        return 1
    processes: list[subprocess.Popen[bytes]] = []
    try:
        return _run(settings, environ, processes, [*flow.file.numbers])
    except KeyboardInterrupt:
        print("\nStopping.")
        return 0
    finally:
        _stop(processes)


def filled_in(example: str) -> str:
    """The text of .env.example with a fresh value for each secret that must not be empty."""
    for name, generate in GENERATED.items():
        example = re.sub(f"^{name}=$", f"{name}={generate()}", example, flags=re.MULTILINE)
    return example


def environment(env_file: Path) -> dict[str, str]:
    """The processes' environment; local addresses follow PORT and SIMULATOR_PORT. Raises SettingsError."""
    environ = dict(os.environ)
    known = given(environ, env_file)
    for name, port in (("PUBLIC_BASE_URL", "PORT"), ("TWILIO_API_URL", "SIMULATOR_PORT")):
        if name not in environ and environ.get(port) and is_loopback(urlsplit(known.get(name, "")).hostname):
            environ[name] = f"http://127.0.0.1:{environ[port]}"
    return environ


def _run(settings: Settings, environ: dict[str, str], processes: list[subprocess.Popen[bytes]], numbers: list[str]) -> int:
    python = [sys.executable, "-m"]
    subprocess.run([*python, "flask", "--app", "wsgi", "db", "upgrade"], cwd=ROOT, env=environ, check=True)
    local = f"http://127.0.0.1:{environ.get('PORT', '5000')}"
    awaited = [f"{local}/readyz"]
    processes.append(_start([*python, "gunicorn", "wsgi:app"], environ))
    if settings.twilio_api_url:
        awaited.append(f"{settings.twilio_api_url}/phones")
        command = [*python, "simulator", "--port", str(urlsplit(settings.twilio_api_url).port or 80)]
        processes.append(_start(command, environ | simulator_environment(settings, numbers)))
    if not all(_answers(url, processes) for url in awaited):
        print("Switchboard did not start; what went wrong stands above.", file=sys.stderr)
        return 1
    processes.append(_start([*python, "flask", "--app", "wsgi", "jobs"], environ))
    print(_welcome(settings, local), flush=True)
    while all(process.poll() is None for process in processes):
        time.sleep(0.5)
    return 1


def _start(command: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own: Ctrl-C reaches us alone, and we pass it on, once."""
    return subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0)


def simulator_environment(settings: Settings, numbers: Sequence[str] = ()) -> dict[str, str]:
    """The simulator's settings: the same account, its number and further `numbers`, and webhooks that come to us.

    They go into its environment, for `ps` shows arguments.
    """
    base = settings.public_base_url
    return {
        "SIMULATOR_ACCOUNT_SID": settings.twilio_account_sid,
        "SIMULATOR_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "SIMULATOR_NUMBER": ",".join(dict.fromkeys([settings.twilio_from_number, *numbers])),
        "SIMULATOR_CALLER_ID": settings.twilio_to_number,
        "SIMULATOR_VOICE_URL": f"{base}/voice_url",
        "SIMULATOR_SMS_URL": f"{base}/sms_url",
        "SIMULATOR_STATUS_URL": f"{base}/status/call",
        "SIMULATOR_VOICE_FALLBACK_URL": f"{base}/voice_fallback_url",
        "SIMULATOR_SMS_FALLBACK_URL": f"{base}/sms_fallback_url",
    }


def _answers(url: str, processes: list[subprocess.Popen[bytes]]) -> bool:
    """Whether `url` is served in time, by processes that all live."""
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and all(process.poll() is None for process in processes):
        try:
            with urlopen(url, timeout=2):  # noqa: S310  (our own loopback address)
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False


def _welcome(settings: Settings, local: str) -> str:
    lines = [
        "",
        "Switchboard is running. Ctrl-C stops it.",
        f"  Console  {settings.public_base_url}/   sign in with OPERATOR_PASSWORD, a line of the file .env",
        f"  Call     {settings.public_base_url}/make_call   calls {settings.twilio_to_number}",
    ]
    if settings.twilio_api_url:
        lines.insert(3, f"  Phones   {settings.twilio_api_url}/   ring here; text {settings.twilio_from_number} from one")
    return "\n".join(lines)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for end in ENDS:
        signal.signal(end, signal.SIG_IGN)  # a second Ctrl-C must not leave one of them behind
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the workers it has
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
