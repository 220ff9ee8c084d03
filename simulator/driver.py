"""A simulator inside a test: it runs in a thread of its own, on a free loopback port, on virtual time.

with Simulator(account_sid=…, auth_token=…, numbers=["+15550001111"]) as sim:
    sim.point(voice_url="http://127.0.0.1:5000/voice_url")
    sim.phone("+15550002222").call("+15550001111")
    sim.advance(60)
    assert sim.phone("+15550002222").said == ["Hello Monkey!"]
"""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx

from simulator.clock import Clock, RealClock, VirtualClock
from simulator.config import Config
from simulator.exchange import Exchange
from simulator.listener import Listener
from simulator.server import create_app

T = TypeVar("T")

START_SECONDS = 30.0
WORK_SECONDS = 60.0


class Refused(Exception):
    """The simulator refused what was asked; `status` is HTTP's, `code` and the text are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


class Handset:
    """One phone of the simulator, used over its HTTP interface."""

    def __init__(self, simulator: "Simulator", number: str) -> None:
        self.number = number
        self._simulator = simulator
        self._path = f"/phones/{quote(number, safe='')}"

    @property
    def state(self) -> dict[str, Any]:
        """Everything about the phone, as `GET /phones/{number}` gives it."""
        return self._simulator.ask("GET", self._path)

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """The lines of the current or last call."""
        lines: list[dict[str, Any]] = self.state["transcript"]
        return lines

    @property
    def said(self) -> list[str]:
        """What Twilio said in the current or last call."""
        return [line["text"] for line in self.transcript if line["verb"] == "Say"]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The texts that the phone has sent and received, oldest first."""
        texts: list[dict[str, Any]] = self.state["messages"]
        return texts

    def on_ring(self, habit: Literal["ring", "answer", "busy", "no-answer", "machine", "failed"]) -> None:
        """Set what the phone does when it rings."""
        self._do("", on_ring=habit)

    def call(self, to: str) -> str:
        """Call a number of the account; returns the call's SID."""
        return str(self._do("/call", to=to)["sid"])

    def answer(self) -> None:
        """Pick up."""
        self._do("/answer")

    def reject(self) -> None:
        """Refuse the call that rings."""
        self._do("/reject")

    def hangup(self) -> None:
        """Hang up."""
        self._do("/hangup")

    def press(self, digits: str) -> None:
        """Press keys."""
        self._do("/press", digits=digits)

    def speak(self, text: str, seconds: float = 0.0) -> None:
        """Say something, for some seconds or as long as its words take."""
        self._do("/speak", text=text, seconds=seconds)

    def text(self, to: str, body: str = "", media: Sequence[str] = ()) -> str:
        """Send a text to a number of the account; returns the message's SID."""
        return str(self._do("/text", to=to, body=body, media=list(media))["sid"])

    def _do(self, action: str, **body: Any) -> dict[str, Any]:
        return self._simulator.ask("POST", self._path + action, body)


class Simulator:
    """A running simulator; leave the `with` block to end it. Times are seconds, virtual unless clock="real"."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        numbers: Sequence[str],
        clock: Literal["virtual", "real"] = "virtual",
        port: int = 0,
        **settings: Any,
    ) -> None:
        self._config = Config(account_sid, auth_token, tuple(numbers), port=port, **settings)
        self._kind = clock
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="simulator", daemon=True)
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._clock: Clock
        self._client: httpx.Client
        self.exchange: Exchange
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the simulator did not start")
        if self._failure is not None:
            raise self._failure
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, which take long to read
        self._client = httpx.Client(base_url=self.url, timeout=WORK_SECONDS, trust_env=False, verify=plain)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if error is None and self._clock.crashes:
            raise self._clock.crashes[0]

    async def _run(self) -> None:
        try:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._clock = VirtualClock() if self._kind == "virtual" else RealClock(self._config.speed)
            self.exchange = Exchange(self._config, self._clock)
            listener = Listener(create_app(self.exchange))
            port = await listener.start(self._config.host, self._config.port)
            self.url = f"http://{self._config.host}:{port}"
            self.exchange.listens_at(self.url)
        except Exception as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stop.wait()
        await listener.close()
        await self.exchange.close()

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WORK_SECONDS)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the simulator's own HTTP interface; Refused tells what it did not like."""
        response = self._client.request(method, path, json=body)
        answer: dict[str, Any] = response.json() if response.content else {}
        if response.is_error:
            error = answer.get("error", {})
            raise Refused(response.status_code, error.get("code", ""), error.get("message", ""))
        return answer

    def advance(self, seconds: float) -> None:
        """Move virtual time forward and let everything settle; a bug of the simulator that shows up is raised."""
        if not isinstance(self._clock, VirtualClock):
            raise TypeError("only a virtual clock can be advanced")
        self._await(self._clock.advance(seconds))
        if self._clock.crashes:
            raise self._clock.crashes[0]

    def settle(self) -> None:
        """Let everything settle without moving time."""
        self.advance(0)

    def point(self, **urls: str) -> None:
        """Set where webhooks go, for example voice_url, sms_url, status_url, voice_fallback_url."""

        async def point() -> None:
            self.exchange.point(**urls)

        self._await(point())

    def phone(self, number: str) -> Handset:
        """Take a phone in hand."""
        return Handset(self, number)

    def requests(self, sid: str | None = None) -> list[dict[str, Any]]:
        """List the webhooks sent so far, oldest first, all or those of one call or message."""
        found: list[dict[str, Any]] = self.ask("GET", "/requests" + (f"?sid={sid}" if sid else ""))["requests"]
        return found

    def fault(self, target: str, kind: str, match: str | None = None, count: int = 1, seconds: float = 0.0) -> None:
        """Ask for a fault, as `POST /faults` does."""
        fault = {"target": target, "kind": kind, "match": match, "count": count, "seconds": seconds}
        self.ask("POST", "/faults", fault)

    def clear_faults(self) -> None:
        """Forget every fault that has not happened."""
        self.ask("DELETE", "/faults")
