"""Server settings, found by gunicorn itself (https://gunicorn.org/reference/settings/)."""

import gc
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

METRICS = "PROMETHEUS_MULTIPROC_DIR"
OURS = "switchboard-metrics-"


def figures_folder() -> str:
    """A fresh folder in which the workers of this server count together; those that dead servers left are removed.

    It is in memory where there is such a place: the files are mapped, and a full disk would kill whoever writes to them.
    """
    memory = Path("/dev/shm")  # noqa: S108  (the folder has a name that nobody can foresee)
    place = memory if os.access(memory, os.W_OK) else Path(__file__).parent / "instance"
    place.mkdir(exist_ok=True)
    for left in place.glob(f"{OURS}*"):
        pid = int(left.name.removeprefix(OURS).partition("-")[0])  # whose folder it is
        if left.stat().st_uid == os.getuid() and (pid == os.getpid() or not is_alive(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return mkdtemp(prefix=f"{OURS}{os.getpid()}-", dir=place)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def has_own_figures() -> bool:
    """Whether the folder is this server's: not another's that started it, nor one that the environment names."""
    return Path(os.environ.get(METRICS, "")).name.startswith(f"{OURS}{os.getpid()}-")


def remove_figures() -> None:
    if has_own_figures():
        shutil.rmtree(os.environ[METRICS], ignore_errors=True)


if METRICS not in os.environ or (OURS in os.environ[METRICS] and not has_own_figures()):
    os.environ[METRICS] = figures_folder()  # before the application is imported, which decides then how it counts
else:
    with suppress(OSError):  # what cannot be counted is no reason not to start
        os.makedirs(os.environ[METRICS], mode=0o700, exist_ok=True)  # one below /run is gone after each start of the machine

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from app import logs  # noqa: E402
from app.flow import Flow, FlowError  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402

try:
    settings = Settings.load()  # here, before any worker starts: a worker that cannot start would be started again and again
    Flow(settings.flow_path, shown=settings.flow_file)
except (SettingsError, FlowError) as error:
    remove_figures()
    sys.exit(str(error))

logs.hide(settings.secrets)
logconfig_dict = logs.CONFIG

bind = f"127.0.0.1:{os.environ.get('PORT', '5000')}"  # a proxy on the same machine serves 80 and 443
worker_class = "gthread"  # a thread that waits for Twilio's REST API does not hold up the webhooks
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 16  # the more wait for the disk together, the fewer flushes it takes
timeout = 30  # seconds without a sign of life from a worker, after which it is replaced
graceful_timeout = 20  # seconds, in which a stopping worker finishes its answers
control_socket_disable = True  # nobody steers it from outside
limit_request_line = 8190  # gunicorn's highest: a webhook by GET has all of a long text in its address
forwarder_headers = ""  # no header may say under which path the application stands: a proxy passes on what anybody sends
keepalive = 130  # seconds, longer than Caddy keeps its connections (120)


def post_worker_init(worker: object) -> None:
    """Keep what is loaded out of the garbage collector's rounds: it stays for good, and walking it costs each request."""
    if service := worker.wsgi.extensions.get("twilio_service"):  # type: ignore[attr-defined]  # none in what make bench compares
        service.load()
    gc.collect()
    gc.freeze()


def child_exit(server: object, worker: object) -> None:
    """A worker has ended: what it counted stays, what it was just about to do does not."""
    mark_process_dead(worker.pid)  # type: ignore[attr-defined]


def on_exit(server: object) -> None:
    remove_figures()
