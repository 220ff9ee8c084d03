"""The application and the simulator over loopback, on virtual time: a town to call, text and be called in."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from flask import Flask
from visitors import SETTINGS, Browser, Script
from werkzeug.serving import BaseWSGIServer, make_server

from app import ledger
from app.models import Call, Message
from simulator.driver import Handset, Simulator

LINE, PHONE = SETTINGS["twilio_from_number"], SETTINGS["twilio_to_number"]
ACCOUNT, TOKEN = SETTINGS["twilio_account_sid"], SETTINGS["twilio_auth_token"]
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, which take longer to read than a request does


class Served:
    """The application behind a real HTTP server on a free port."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, self.answer, threaded=True)
        self.server.daemon_threads = False  # closing it waits for the answers under way
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, environ: Any, start_response: Any) -> list[bytes]:
        """Read the answer to its end: Werkzeug's server leaves a file open when its client wants no more of it."""
        assert self.app is not None
        with closing(self.app(environ, start_response)) as parts:  # type: ignore[type-var]
            return list(parts)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@dataclass
class Town:
    """The application, the simulator, a phone in it, and the operator's ways to ask."""

    app: Flask
    sim: Simulator
    phone: Handset
    script: Script
    browser: Browser

    def calls(self) -> list[Call]:
        with self.app.app_context():
            return list(ledger.latest(Call, 99))

    def messages(self) -> list[Message]:
        with self.app.app_context():
            return list(ledger.latest(Message, 99))

    def rest(self, method: str, path: str, **fields: str) -> httpx.Response:
        """Ask Twilio's REST API, past the application; the path is below the account."""
        url = f"{self.sim.url}/2010-04-01/Accounts/{ACCOUNT}/{path}"
        return httpx.request(method, url, data=fields or None, auth=(ACCOUNT, TOKEN), trust_env=False, verify=NO_CERTIFICATES)


@contextmanager
def open_town(make_app: Callable[..., Flask], *, rules: dict[str, Any] | None = None, **settings: Any) -> Iterator[Town]:
    """Serve an application with some settings of its own to a simulator with some rules."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    served = Served()
    urls = {
        "voice_url": "/voice_url",
        "voice_fallback_url": "/voice_fallback_url",
        "sms_url": "/sms_url",
        "sms_fallback_url": "/sms_fallback_url",
        "status_url": "/status/call",
    }
    settings |= {"public_base_url": served.url}
    try:
        with Simulator(
            ACCOUNT,
            TOKEN,
            [LINE],
            caller_ids=(PHONE,),
            **{name: served.url + path for name, path in urls.items()},
            **(rules or {}),
        ) as sim:
            app = served.app = make_app(twilio_api_url=sim.url, **settings)
            yield Town(app, sim, sim.phone(PHONE), Script(app.test_client()), Browser(app.test_client()))
            app.extensions["twilio_service"].close()
    finally:
        served.close()
