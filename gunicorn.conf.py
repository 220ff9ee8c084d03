"""Server settings, found by gunicorn itself (https://gunicorn.org/reference/settings/)."""

import gc
import os
import sys

from app.flow import Flow, FlowError
from app.settings import Settings, SettingsError

try:
    settings = Settings.load()  # here, before any worker starts: a worker that cannot start would be started again and again
    Flow(settings.flow_path, shown=settings.flow_file)
except (SettingsError, FlowError) as error:
    sys.exit(str(error))

bind = f"127.0.0.1:{os.environ.get('PORT', '5000')}"  # a proxy on the same machine serves 80 and 443
worker_class = "gthread"  # a thread that waits for Twilio's REST API does not hold up the webhooks
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 16  # the more wait for the disk together, the fewer flushes it takes
timeout = 30  # seconds without a sign of life from a worker, after which it is replaced
graceful_timeout = 20  # seconds, in which a stopping worker finishes its answers
control_socket_disable = True  # nobody steers it from outside
keepalive = 130  # seconds, longer than Caddy keeps its connections (120)


def post_worker_init(worker: object) -> None:
    """Keep what is loaded out of the garbage collector's rounds: it stays for good, and walking it costs each request."""
    gc.collect()
    gc.freeze()
