"""Server settings, found by gunicorn itself (https://gunicorn.org/reference/settings/)."""

import os
import sys

from app.settings import Settings, SettingsError

try:
    Settings.load()  # here, before any worker starts: a worker that cannot start would be started again and again
except SettingsError as error:
    sys.exit(str(error))

bind = f"127.0.0.1:{os.environ.get('PORT', '5000')}"  # a proxy on the same machine serves 80 and 443
worker_class = "gthread"  # a thread that waits for Twilio's REST API does not hold up the webhooks
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
timeout = 30  # seconds; Twilio gives up a webhook after 15
graceful_timeout = 20  # seconds, in which a stopping worker finishes its answers
keepalive = 75  # seconds, longer than the proxy keeps its connections
