"""docs/flows.md and README say what the flow file can do: held to the code, and their examples are loaded."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.flow import Flow
from app.flow.files import FlowFile
from app.flow.steps import KINDS
from app.flow.texts import Announcement, Keyword

ROOT = Path(__file__).resolve().parent.parent
MANUAL = (ROOT / "docs/flows.md").read_text()
SECTIONS = dict(re.findall(r"^#{2,3} (.+?)\n(.*?)(?=^#{2,3} |\Z)", MANUAL, re.MULTILINE | re.DOTALL))
TABLES: dict[str, type[BaseModel]] = {
    "The rest of the file": FlowFile,
    "Texts": Keyword,
    "Announcements": Announcement,
    **{kind: model for kind, model in KINDS.items() if kind != "hangup"},
}
EXAMPLES = re.findall(r"```toml\n(.*?)```", MANUAL + (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("section", TABLES)
def test_each_table_names_every_key_and_its_default(section: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", SECTIONS[section], re.MULTILINE))
    fields = {name: field for name, field in TABLES[section].model_fields.items() if name != "kind"}
    assert sorted(rows) == sorted(fields)
    for name, field in fields.items():
        default = rows[name].strip()
        assert bool(default) is not field.is_required(), name
        if isinstance(field.default, int):
            assert default == str(field.default).lower(), name


def test_every_kind_has_a_section() -> None:
    assert set(KINDS) <= set(SECTIONS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_flow_that_works(example: str, tmp_path: Path) -> None:
    assert tomllib.loads(example)
    (tmp_path / "flow.toml").write_text(example)
    assert Flow(tmp_path / "flow.toml").places


@pytest.mark.parametrize("name", ["hello.toml", "office.toml"])
def test_the_flows_that_come_with_it_work(name: str) -> None:
    assert Flow(ROOT / "flows" / name).places
