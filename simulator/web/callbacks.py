"""Status callbacks: sent beside the call or message they report on, in order for each, their answers ignored."""

from collections import defaultdict, deque

from simulator.clock import Clock
from simulator.web.faults import Fault, Faults
from simulator.web.webhooks import Hook, Webhooks

SLOW = frozenset({"drop", "timeout", "delay"})  # these hold up no other callback


class Callbacks:
    """One queue of callbacks for each call or message, so that nothing waits for a slow receiver but the next one."""

    def __init__(self, clock: Clock, webhooks: Webhooks, faults: Faults) -> None:
        self._clock = clock
        self._webhooks = webhooks
        self._faults = faults
        self._queues: dict[str, deque[Hook | None]] = {}
        self._held: defaultdict[str, list[Hook]] = defaultdict(list)

    def post(self, hook: Hook) -> None:
        """Send a callback as soon as the earlier ones of the same call or message are through."""
        self._queue(hook.sid, hook)

    def end(self, sid: str) -> None:
        """Say that nothing follows: what still waits for its successor is sent without one."""
        if sid in self._queues or sid in self._held:
            self._queue(sid, None)

    def _queue(self, sid: str, hook: Hook | None) -> None:
        if sid in self._queues:
            self._queues[sid].append(hook)
            return
        self._queues[sid] = deque([hook])
        self._clock.spawn(self._drain(sid), f"callbacks {sid}")

    async def _drain(self, sid: str) -> None:
        queue = self._queues[sid]
        try:
            while queue:
                await self._deliver(sid, queue.popleft())
        finally:
            del self._queues[sid]

    async def _deliver(self, sid: str, hook: Hook | None) -> None:
        if hook is not None:
            if self._faults.take("webhook", hook.url, ("reorder",), sid):
                self._held[sid].append(hook)
                return
            fault = self._faults.take_on_the_way(hook.url, sid)
            if fault is not None and fault.kind in SLOW:
                self._clock.spawn(self._send(hook, fault), f"late callback {sid}")
            else:
                await self._send(hook, fault)
        for held in self._held.pop(sid, []):
            await self._send(held, self._faults.take_on_the_way(held.url, sid))

    async def _send(self, hook: Hook, fault: Fault | None) -> None:
        reply = await self._webhooks.fetch_with(hook, fault)
        if reply.status is not None and reply.status >= 400:
            reply.entry.alert(15003, "Call Progress: Warning Response to Callback URL", "warning")
