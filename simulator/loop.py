"""The event loop: uvloop's where there is one (not on Windows), which does the same in half the time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

try:
    from uvloop import Loop
except ImportError:
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_loop = Loop


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run until `main` has ended."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main)
