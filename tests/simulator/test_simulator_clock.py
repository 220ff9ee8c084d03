"""The clocks: virtual time is exact, moves only when all is settled, and no waiter is ever miscounted."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import RealClock, Signal, VirtualClock
from simulator.loop import run as loop_run

START = datetime(2026, 1, 1, tzinfo=UTC)
delays = st.integers(min_value=0, max_value=100_000).map(lambda milliseconds: milliseconds / 1000)


def run(work: Callable[[VirtualClock], Coroutine[Any, Any, None]]) -> VirtualClock:
    async def main() -> VirtualClock:
        clock = VirtualClock(START)
        await work(clock)
        await clock.close()
        return clock

    return asyncio.run(main())


def seconds(clock: VirtualClock) -> float:
    return (clock.now() - START).total_seconds()


@given(st.lists(delays, max_size=20), delays)
def test_timers_due_fire_in_order_and_at_their_time(sleeps: list[float], until: float) -> None:
    fired: list[tuple[float, float]] = []

    async def work(clock: VirtualClock) -> None:
        async def sleeper(length: float) -> None:
            await clock.sleep(length)
            fired.append((length, seconds(clock)))

        for length in sleeps:
            clock.spawn(sleeper(length), "sleeper")
        await clock.advance(until)
        assert seconds(clock) == pytest.approx(until, abs=1e-5)

    run(work)
    assert [length for length, _ in fired] == sorted(length for length in sleeps if length <= until)
    assert all(at == pytest.approx(length, abs=1e-5) for length, at in fired)


@given(st.lists(st.lists(delays, min_size=1, max_size=4), max_size=6), st.lists(delays, min_size=1, max_size=6))
def test_splitting_an_advance_changes_nothing(tasks: list[list[float]], steps: list[float]) -> None:
    def events(moves: list[float]) -> list[tuple[int, float]]:
        seen: list[tuple[int, float]] = []

        async def work(clock: VirtualClock) -> None:
            async def walker(name: int, path: list[float]) -> None:
                for length in path:
                    await clock.sleep(length)
                    seen.append((name, round(seconds(clock), 3)))

            for name, path in enumerate(tasks):
                clock.spawn(walker(name, path), "walker")
            for move in moves:
                await clock.advance(move)

        run(work)
        return sorted(seen)

    # The sum of the steps differs from their total in the last digits only: half a second later both have all fired.
    assert events([*steps, 0.5]) == events([sum(steps) + 0.5])


@given(st.integers(min_value=0, max_value=8), st.booleans(), st.integers(min_value=0, max_value=8))
def test_the_count_is_exact_through_signals_timeouts_and_cancels(waiters: int, cancel: bool, chain: int) -> None:
    ended: list[str] = []

    async def work(clock: VirtualClock) -> None:
        signal = Signal()

        async def waiter() -> None:
            signalled = await clock.wait(signal, 10)
            for _ in range(chain):
                await asyncio.sleep(0)  # work that takes turns of the event loop, as HTTP does
            ended.append("signal" if signalled else "time")

        tasks = [clock.spawn(waiter(), "waiter") for _ in range(waiters)]
        await clock.settle()
        assert clock.active == 0
        if cancel and tasks:
            tasks[0].cancel()
            assert clock.active == 1
        signal.notify()
        assert clock.active == waiters
        await clock.settle()
        assert clock.active == 0
        assert ended == ["signal"] * (waiters - (1 if cancel and waiters else 0))

    run(work)


def test_a_wait_ends_with_its_time_limit() -> None:
    async def work(clock: VirtualClock) -> None:
        async def waiter() -> None:
            assert await clock.wait(Signal(), 10) is False
            assert seconds(clock) == 10

        task = clock.spawn(waiter(), "waiter")
        await clock.advance(9.9)
        assert not task.done()
        await clock.advance(0.1)
        assert task.done()

    assert run(work).crashes == []


def test_work_started_by_work_settles_too() -> None:
    names: list[str] = []

    async def work(clock: VirtualClock) -> None:
        async def parent(depth: int) -> None:
            names.append(f"{depth} at {seconds(clock):.0f}")
            if depth:
                await clock.sleep(1)
                clock.spawn(parent(depth - 1), "child")

        clock.spawn(parent(3), "parent")
        await clock.advance(10)

    run(work)
    assert names == ["3 at 0", "2 at 1", "1 at 2", "0 at 3"]


def test_a_task_cancelled_before_it_runs_is_not_counted_for_ever() -> None:
    async def work(clock: VirtualClock) -> None:
        async def never() -> None:
            raise AssertionError

        clock.spawn(never(), "never").cancel()
        await clock.settle()
        assert clock.active == 0

    run(work)


def test_a_crash_is_kept_and_does_not_stop_the_clock() -> None:
    async def work(clock: VirtualClock) -> None:
        async def fail() -> None:
            await clock.sleep(1)
            raise ZeroDivisionError

        clock.spawn(fail(), "fail")
        await clock.advance(5)
        assert seconds(clock) == 5

    assert [type(error) for error in run(work).crashes] == [ZeroDivisionError]


def test_a_task_of_somebody_else_may_wait_within_working() -> None:
    async def work(clock: VirtualClock) -> None:
        async def request() -> float:
            with clock.working():
                await clock.sleep(3)
                return seconds(clock)

        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        await clock.advance(5)
        assert await task == 3
        assert clock.active == 0

    run(work)


def test_real_time_runs_as_fast_as_it_is_told() -> None:
    async def main() -> float:
        clock = RealClock(speed=1000)
        start = clock.now()
        await asyncio.wait_for(_spawned(clock, 20), timeout=5)
        return (clock.now() - start).total_seconds()

    assert asyncio.run(main()) >= 20


def test_a_wait_in_real_time_is_never_too_short() -> None:
    lengths = [3 + n / 10 for n in range(60)]  # of milliseconds, which the event loop counts in whole ones

    async def main() -> None:
        clock = RealClock(speed=1000)
        for length in lengths:
            start = clock.now()
            await asyncio.wait_for(_spawned(clock, length), timeout=5)
            assert (clock.now() - start).total_seconds() >= length

    loop_run(main())


async def _spawned(clock: RealClock, length: float) -> None:
    async def sleeper() -> None:
        await clock.sleep(length)

    await clock.spawn(sleeper(), "sleeper")
