"""A message that got a 200 is on disk: workers are killed in the midst of their work, and nothing of it is lost.

A fifth of the load, to spare time; `python -m bench durability` sends ten thousand messages.
"""

from pathlib import Path

from bench.durability import endure

MESSAGES = 2000
LIMIT = 60.0  # seconds


def test_accepted_messages_outlive_the_workers_that_took_them(tmp_path: Path) -> None:
    verdict = endure(MESSAGES, tmp_path / "server", seed=1, limit=LIMIT)
    assert verdict.integrity == "ok"
    assert verdict.lost() == set()
    assert len(verdict.outcome.accepted) == verdict.rows.total() == MESSAGES
    assert verdict.kills > 0
    assert verdict.outcome.broken > 0
