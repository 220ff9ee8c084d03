"""Status callbacks: sent beside the call or message they report on, in order for each, their answers ignored."""

from collections import defaultdict, deque

from simulator.clock import Clock
from simulator.faults import Faults
from simulator.webhooks import Hook, Webhooks


class Callbacks:
    """One queue of callbacks for each call or message, so that nothing waits for a slow receiver but the next one."""

    def __init__(self, clock: Clock, webhooks: Webhooks, faults: Faults) -> None:
        self._clock = clock
        self._webhooks = webhooks
        self._faults = faults
        self._queues: dict[str, deque[Hook]] = {}
        self._held: defaultdict[str, list[Hook]] = defaultdict(list)

    def post(self, hook: Hook) -> None:
        """Send a callback as soon as the earlier ones of the same call or message are through."""
        if hook.sid in self._queues:
            self._queues[hook.sid].append(hook)
            return
        self._queues[hook.sid] = deque([hook])
        self._clock.spawn(self._drain(hook.sid), f"callbacks {hook.sid}")

    async def _drain(self, sid: str) -> None:
        queue = self._queues[sid]
        try:
            while queue:
                await self._deliver(queue.popleft())
        finally:
            del self._queues[sid]

    async def _deliver(self, hook: Hook) -> None:
        if self._faults.take("webhook", hook.url, ("reorder",)):
            self._held[hook.sid].append(hook)
            return
        late = self._faults.take("webhook", hook.url, ("delay",))
        if late is not None:
            self._clock.spawn(self._send_late(hook, late.seconds), f"late callback {hook.sid}")
        else:
            await self._send(hook)
        for held in self._held.pop(hook.sid, []):
            await self._send(held)

    async def _send_late(self, hook: Hook, seconds: float) -> None:
        await self._clock.sleep(seconds)
        await self._send(hook)

    async def _send(self, hook: Hook) -> None:
        reply = await self._webhooks.fetch(hook)
        if reply.status is not None and reply.status >= 400:
            reply.entry.alert(15003, "Call Progress: Warning Response to Callback URL", "warning")
