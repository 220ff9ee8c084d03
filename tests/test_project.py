"""The project's own promises: README, Makefile, Procfile and pins say what the code does."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from app.settings import SECRETS, Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readme_names_every_setting_its_secrecy_and_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|$", README, re.MULTILINE))
    assert sorted(rows) == sorted(name.upper() for name in Settings.model_fields)
    for name, row in rows.items():
        secret, default, _ = (cell.strip() for cell in f"{row} |".split("|", 2))
        assert (secret == "yes") is (name in SECRETS), name
        assert bool(default) is not Settings.model_fields[name.lower()].is_required(), name


def test_the_readme_quotes_what_is_said() -> None:
    hello = tomllib.loads((ROOT / "flows/hello.toml").read_text())
    assert f'"{hello["steps"]["start"]["say"]}"' in README
    assert f'"{hello["texts"]["default"]}"' in README


def test_what_the_readme_points_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for target in re.findall(r"^    ([a-z/]+/)  ", README, re.MULTILINE):
        assert (ROOT / target).is_dir(), target
    for target in re.findall(r"`make (\w+)`|^    make (\w+)$", README, re.MULTILINE):
        assert re.search(rf"^{''.join(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


@pytest.mark.parametrize("name", ["requirements", "requirements-simulator", "requirements-dev"])
def test_everything_that_is_asked_for_is_pinned_with_hashes(name: str) -> None:
    asked = re.findall(r"^([\w.-]+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    pinned = (ROOT / f"{name}.txt").read_text()
    for package in (package for package in asked if package != "-c"):
        assert re.search(rf"^{re.escape(package)}(\[\w+\])?==\S+( ; [^\\]+)? \\\n    --hash=sha256:", pinned, re.MULTILINE), package
    assert "://" not in pinned


def test_no_pinned_package_asks_for_extras_of_another() -> None:
    """pip as Debian 12 and Python 3.11 bring it looks for those past the pins, and refuses to install once there is a newer one."""
    pinned = "".join((ROOT / f"requirements{part}.txt").read_text() for part in ("", "-simulator", "-dev"))
    for name, marker in re.findall(r"^([\w.-]+)(?:\[\w+\])?==\S+(?: ; ([^\\]+))? \\$", pinned, re.MULTILINE):
        if not marker or Requirement(f"{name}; {marker}").marker.evaluate():
            for asked in map(Requirement, distribution(name).requires or []):
                assert not asked.extras or (asked.marker and not asked.marker.evaluate({"extra": ""})), f"{name}: {asked}"


def test_the_units_run_what_the_procfile_says() -> None:
    units = "".join(unit.read_text() for unit in sorted((ROOT / "deploy/azure").glob("*.service")))
    lines = (ROOT / "Procfile").read_text().splitlines()
    for line in lines:
        command = re.escape(line.partition(": ")[2])
        assert re.search(rf"^ExecStart(Pre)?=/srv/switchboard/.venv/bin/{command}$", units, re.MULTILINE), line
    assert len(lines) == len(re.findall(r"^ExecStart(?:Pre)?=", units, re.MULTILINE))
