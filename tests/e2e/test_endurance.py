"""Nothing is lost, doubled or wrong while webhooks, REST and processes fail: a fiftieth of `python -m bench endurance`."""

from pathlib import Path

import pytest

from bench.endurance import databases, endure

COUNT, SPEED, SEED = 200, 3.0, 1
PAUSE = (0.5, 1.5)  # seconds between two kills: so few calls and texts do not take long
LIMIT = 120.0  # seconds


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_calls_and_texts_end_as_they_did_at_twilio(database: str, tmp_path: Path) -> None:
    with databases(database, tmp_path) as url:
        report = endure(COUNT, tmp_path / "server", SEED, url, LIMIT, SPEED, PAUSE)
    assert {name: found for name, found in report.verdict.wrongs.items() if found} == {}
    assert report.kills > 0
    assert report.closings > 0
    assert sum(report.faults.values()) > COUNT / 4
    assert report.unsettled > 0  # before it was reconciled
