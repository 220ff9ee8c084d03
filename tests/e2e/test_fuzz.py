"""Hostile requests find no way in: a fiftieth of what `python -m bench fuzz` sends, once always the same and once at random."""

from pathlib import Path
from secrets import randbits

import pytest

from bench.fuzz import attack

REQUESTS = 2000


@pytest.mark.parametrize("seed", [1, randbits(32)], ids=["fixed", "random"])
def test_nobody_gets_in_and_nothing_breaks(tmp_path: Path, seed: int) -> None:
    verdict = attack(REQUESTS, tmp_path / "server", seed)
    assert verdict.breaches == [], f"again by: python -m bench fuzz {REQUESTS} --seed {seed}"
    assert verdict.answers.total() == REQUESTS
    for kind, status in (("signed webhook", "200"), ("forged webhook", "403"), ("operator", "200"), ("wrong credentials", "401")):
        assert verdict.answers[kind, status] > 0
    assert verdict.texts
