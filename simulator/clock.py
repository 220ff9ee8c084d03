"""The one clock: everything in the simulator that takes time, or waits, does so here.

A clock counts the tasks that are at work. A task that waits (`sleep`, `wait`) is parked and does not count; whoever
wakes it counts it again before it runs, so the count is never too low. Virtual time moves only when the count is zero.
"""

import asyncio
import heapq
import itertools
import logging
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

log = logging.getLogger(__name__)

SWEEP = 1000  # cancelled timers that may wait for their moment


class Parking(asyncio.Future[bool]):
    """Where one task waits; its result says whether a signal (True) or the time limit (False) ended the wait."""

    def __init__(self, clock: "Clock") -> None:
        super().__init__()
        self._clock = clock

    def wake(self, signalled: bool) -> None:
        """Let the waiting task go on, counting it as active from this moment."""
        if not self.done():
            self._clock.enter()
            self.set_result(signalled)

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the wait; a cancelled task is active again before it runs."""
        cancelled = super().cancel(msg)
        if cancelled:
            self._clock.enter()
        return cancelled


class Signal:
    """Something tasks can wait for: `notify` wakes those that wait now. It keeps no state: look, then wait."""

    def __init__(self) -> None:
        self._parkings: set[Parking] = set()

    def notify(self) -> None:
        """Wake every task that waits for this signal."""
        for parking in tuple(self._parkings):
            parking.wake(True)

    def add(self, parking: Parking) -> None:
        """Remember a waiting task."""
        self._parkings.add(parking)

    def discard(self, parking: Parking) -> None:
        """Forget a task that no longer waits."""
        self._parkings.discard(parking)


class Timer(Protocol):
    """What wakes a parking when its time comes."""

    def cancel(self) -> None:
        """Wake nobody."""


class Clock(ABC):
    """What both clocks share: tasks, waiting, and the exact count of tasks at work."""

    def __init__(self) -> None:
        self._active = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.crashes: list[BaseException] = []

    @abstractmethod
    def now(self) -> datetime:
        """Tell the time of the simulated world, with its zone (UTC)."""

    @abstractmethod
    def _arm(self, parking: Parking, seconds: float) -> "Timer":
        """See to it that the parking is woken after so many seconds."""

    def after(self, seconds: float) -> datetime:
        """Name the moment some seconds from now."""
        return self.now() + timedelta(seconds=seconds)

    def until(self, moment: datetime) -> float:
        """Count the seconds to a moment; none or less where it is past."""
        return (moment - self.now()).total_seconds()

    @property
    def active(self) -> int:
        """How many tasks are at work, that is, not waiting on this clock."""
        return self._active

    @property
    def tasks(self) -> int:
        """How many tasks there are, at work or waiting."""
        return len(self._tasks)

    def enter(self) -> None:
        """Count one more task at work."""
        self._active += 1
        self._idle.clear()

    def leave(self) -> None:
        """Count one task less at work."""
        self._active -= 1
        if self._active == 0:
            self._idle.set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that counts as active from now on; what it raises is logged and kept in `crashes`."""
        self.enter()
        # A context of its own: the task outlives the request that started it, which must not live on in it.
        task = asyncio.get_running_loop().create_task(work, name=name, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.leave()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.crashes.append(error)
            log.error("task %s failed", task.get_name(), exc_info=error)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the current task, which was not spawned here, as active: it may then wait on the clock."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds of simulated time."""
        await self._park(None, seconds)

    async def wait(self, signal: Signal, timeout: float | None = None) -> bool:
        """Wait for a signal, at most `timeout` simulated seconds; False says that the time was over first."""
        return await self._park(signal, timeout)

    async def _park(self, signal: Signal | None, seconds: float | None) -> bool:
        parking = Parking(self)
        if signal is not None:
            signal.add(parking)
        timer = None if seconds is None else self._arm(parking, max(seconds, 0.0))
        self.leave()
        try:
            return await parking
        finally:
            if signal is not None:
                signal.discard(parking)
            if timer is not None:
                timer.cancel()

    async def close(self) -> None:
        """Cancel every task and wait until all have ended."""
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class RealClock(Clock):
    """Time as it passes, or `speed` times faster."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__()
        self._speed = speed
        self._start = datetime.now(UTC)
        self._origin = time.monotonic()
        self._due: deque[Parking] = deque()

    def now(self) -> datetime:
        """Tell the time: real at speed 1, running ahead at a higher one."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    def _arm(self, parking: Parking, seconds: float) -> asyncio.TimerHandle:
        # The event loop counts whole milliseconds and may be one early: a call of ten seconds would then last nine.
        real = math.ceil(seconds / self._speed * 1000 + 1) / 1000 if seconds else 0.0
        return asyncio.get_running_loop().call_later(real, self._queue, parking)

    def _queue(self, parking: Parking) -> None:
        self._due.append(parking)
        if len(self._due) == 1:
            self._wake_next()

    def _wake_next(self) -> None:
        """Wake one task a turn of the event loop: hundreds that are due at once would all be late, not the last ones only."""
        self._due[0].wake(False)
        self._due.popleft()
        if self._due:
            asyncio.get_running_loop().call_soon(self._wake_next)


@dataclass(order=True, slots=True)
class VirtualTimer:
    """A moment of virtual time, in microseconds, and who waits for it; the order decides between equal moments."""

    due: int
    order: int
    parking: Parking | None = field(compare=False)
    cancelled: Callable[[], None] = field(compare=False)

    def cancel(self) -> None:
        """Wake nobody; a timer that has fired takes no notice."""
        if self.parking is not None:
            self.parking = None
            self.cancelled()

    def fire(self) -> None:
        """Wake who waits."""
        parking, self.parking = self.parking, None
        if parking is not None:
            parking.wake(False)


class VirtualClock(Clock):
    """Time that stands still until `advance` moves it: for tests, where nothing may wait."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__()
        self._start = start or datetime.now(UTC).replace(microsecond=0)
        self._elapsed = 0  # whole microseconds, as in datetime: what is due at a moment is reached at that moment
        self._timers: list[VirtualTimer] = []
        self._cancelled = 0
        self._order = itertools.count()
        self._advancing = asyncio.Lock()

    def now(self) -> datetime:
        """Tell the virtual time."""
        return self._start + timedelta(microseconds=self._elapsed)

    @property
    def timers(self) -> int:
        """How many tasks wait for a moment."""
        return len(self._timers) - self._cancelled

    def _arm(self, parking: Parking, seconds: float) -> VirtualTimer:
        timer = VirtualTimer(self._elapsed + round(seconds * 1e6), next(self._order), parking, self._count_cancelled)
        heapq.heappush(self._timers, timer)
        return timer

    def _count_cancelled(self) -> None:
        """Sweep once most timers are cancelled: a call's time limit would stay here for hours after the call."""
        self._cancelled += 1
        if self._cancelled > SWEEP and self._cancelled * 2 > len(self._timers):
            self._timers = [timer for timer in self._timers if timer.parking is not None]
            heapq.heapify(self._timers)
            self._cancelled = 0

    async def advance(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Move time forward: fire every timer due by then, in order, letting all work settle after each.

        Where a condition is given, time stops at the moment at which it holds.
        """
        async with self._advancing:
            target = self._elapsed + round(seconds * 1e6)
            await self._quiet()
            while self._timers and self._timers[0].due <= target:
                if until is not None and until():
                    return
                timer = heapq.heappop(self._timers)
                if timer.parking is None:
                    self._cancelled -= 1
                    continue
                self._elapsed = max(self._elapsed, timer.due)
                timer.fire()
                await self._quiet()
            if until is None or not until():
                self._elapsed = target

    async def settle(self) -> None:
        """Wait until no task is at work, without moving time."""
        await self.advance(0)

    async def _quiet(self) -> None:
        while self._active:
            await self._idle.wait()
