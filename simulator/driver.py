"""A simulator inside a test: it runs in a thread of its own, on a free loopback port, on virtual time.

with Simulator(account_sid=…, auth_token=…, numbers=["+15550001111"]) as sim:
    sim.point(voice_url="http://127.0.0.1:5000/voice_url")
    phone = sim.phone("+15550002222")
    phone.call("+15550001111")
    phone.expect_say("Hello Monkey!")
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx

from simulator.clock import Clock, RealClock, VirtualClock
from simulator.config import Config
from simulator.exchange import Exchange
from simulator.handset import Handset, Refused
from simulator.listener import Listener
from simulator.loop import run
from simulator.server import create_app

__all__ = ["Handset", "Refused", "Simulator"]

T = TypeVar("T")

START_SECONDS = 30.0
WORK_SECONDS = 60.0


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
        self._thread = threading.Thread(target=lambda: run(self._run()), name="simulator", daemon=True)
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
        except Exception as error:  # noqa: BLE001  raised again where the simulator is waited for
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stop.wait()
        await listener.close()
        await self.exchange.close()

    def _await(self, work: Coroutine[Any, Any, T], longer: float = 0.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WORK_SECONDS + longer)

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

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until a condition holds, which is looked at in the simulator's thread; False says that it never did.

        On virtual time, it stops at that very moment; on a real clock, the seconds are real ones, and what changes must be a phone.
        """
        if isinstance(self._clock, VirtualClock):
            self._await(self._clock.advance(seconds, condition))
            if self._clock.crashes:
                raise self._clock.crashes[0]
            return self._await(_ask(condition))
        return self._await(self._look(condition, seconds), seconds)

    async def _look(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Look at a condition whenever something has changed on a phone, for at most some real seconds."""
        watchers, changed = self.exchange.phones.watchers, asyncio.Event()
        watchers.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            return condition()
        finally:
            watchers.discard(changed)
        return True

    def settle(self) -> None:
        """Let everything settle without moving time."""
        self.advance(0)

    def point(self, **settings: str) -> None:
        """Set where webhooks go, for example voice_url, sms_url, status_url, voice_fallback_url, and how: voice_method."""

        async def point() -> None:
            self.exchange.point(**settings)

        self._await(point())

    def phone(self, number: str) -> Handset:
        """Take a phone in hand."""
        return Handset(self, number)

    def requests(self, sid: str | None = None) -> list[dict[str, Any]]:
        """List the webhooks sent so far, oldest first, all or those of one call or message."""
        found: list[dict[str, Any]] = self.ask("GET", "/requests" + (f"?sid={sid}" if sid else ""))["requests"]
        return found

    def fault(self, target: str, kind: str, match: str | None = None, **details: Any) -> None:
        """Ask for a fault, as `POST /faults` does; details are count, seconds, status, code, sid, rate and seed."""
        self.ask("POST", "/faults", {"target": target, "kind": kind, "match": match} | details)

    def clear_faults(self) -> None:
        """Forget every fault that has not happened."""
        self.ask("DELETE", "/faults")


async def _ask(condition: Callable[[], bool]) -> bool:
    return condition()
