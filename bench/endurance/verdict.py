"""The ledger beside what Twilio knows: what is lost, doubled, wrong, or left open without a word."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine, make_url, select

from app.models import Call, Message, Recording
from bench.endurance.driver import Deed
from bench.endurance.place import ANNA, KIOSK, Phones, Resource
from bench.endurance.witness import Witness
from bench.server import Server

OPEN = ("requested", "unknown")
OURS = "outbound-api"
SAFE_TO_REPEAT = ("twilio_refused", "twilio_unreachable", "ledger_unavailable", "spend_refused", "spend_limited")
Row = dict[str, Any]


@dataclass
class Ledger:
    """The rows of calls, texts and recordings as they stand."""

    calls: list[Row]
    messages: list[Row]
    recordings: list[Row]

    @classmethod
    def read(cls, server: Server) -> "Ledger":
        url = make_url(server.environ["DATABASE_URL"])
        engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
        try:
            with engine.connect() as connection:
                calls, messages, recordings = (
                    [dict(row) for row in connection.execute(select(kind.__table__)).mappings()]
                    for kind in (Call, Message, Recording)
                )
        finally:
            engine.dispose()
        return cls(calls, messages, recordings)

    def unsettled(self) -> list[Row]:
        """What nobody knows yet whether Twilio took it."""
        return [row for row in (*self.calls, *self.messages) if row["status"] in OPEN]

    def states(self) -> list[tuple[Any, ...]]:
        return [(row["id"], row["sid"], row["status"], row["remark"]) for row in (*self.calls, *self.messages)]


@dataclass
class Verdict:
    """What is not right, by its name; and how much there is in all."""

    wrongs: dict[str, list[str]] = field(
        default_factory=lambda: {name: [] for name in ("lost", "doubled", "wrong", "misled", "open", "faulty")}
    )
    unheard: int = 0  # incoming calls and texts of which no webhook got a 2xx: Twilio's lists told of them
    remarked: int = 0
    waiting: int = 0  # texts that Twilio surely did not take, to be sent again at their time
    unsorry: int = 0  # callers who were missed and got no text
    at_twilio: Counter[str] = field(default_factory=Counter)
    in_ledger: Counter[str] = field(default_factory=Counter)

    def is_clean(self) -> bool:
        return not any(self.wrongs.values())

    def note(self, name: str, what: str) -> None:
        self.wrongs[name].append(what)


def judge(done: list[Deed], ledger: Ledger, phones: Phones, witness: Witness) -> Verdict:
    """Compare what was done with what the ledger and Twilio say of it."""
    verdict = Verdict()
    for name, rows, resources in (("call", ledger.calls, phones.calls()), ("text", ledger.messages, phones.messages())):
        for each in resources:
            verdict.at_twilio[f"{name} {each['direction']} {each['status']}"] += 1
        for row in rows:
            verdict.in_ledger[f"{name} {row['direction']} {row['status']}"] += 1
        _judge_kind(verdict, [deed for deed in done if deed.kind == f"{name} out"], rows, resources, witness)
    for deed in done:
        if deed.answer == 500:
            verdict.note("faulty", f"{deed}")
        if deed.sid and deed.kind.endswith("in") and deed.sid not in witness.heard:
            verdict.unheard += 1
    owed = {row["from_number"] for row in ledger.calls if row["outcome"] == "missed" and row["to_number"] == KIOSK}
    verdict.unsorry = len(owed - {row["to_number"] for row in ledger.messages if row["direction"] == OURS})
    kept = {row["sid"] for row in ledger.recordings}
    for each in phones.listed("Recordings", "recordings"):
        if each["sid"] not in kept:
            verdict.note("lost", f"recording {each['sid']} of {each['call_sid']}")
    return verdict


def _judge_kind(verdict: Verdict, done: list[Deed], rows: list[Row], resources: list[Resource], witness: Witness) -> None:
    by_sid, known = _grouped(rows, "sid"), {each["sid"]: each for each in resources}
    rows_to = _grouped((row for row in rows if row["direction"] == OURS), "to_number")
    made_to = _grouped((each for each in resources if each["direction"] == OURS), "to")
    for row in rows:
        _judge_row(verdict, row, known.get(row["sid"]))
    for each in resources:
        found = by_sid[each["sid"]]
        if len(found) > 1:
            verdict.note("doubled", f"{len(found)} rows of {each['sid']}")
        elif not found and (each["direction"] in (OURS, "inbound") or each["sid"] in witness.heard):
            verdict.note("lost", f"{each['direction']} {each['sid']} {each['from']} -> {each['to']} {each['status']}")
    for number in (made_to.keys() | rows_to.keys()) - {ANNA}:
        if len(made_to[number]) > 1 or len(rows_to[number]) > 1:
            verdict.note("doubled", f"{number}: {len(made_to[number])} at Twilio, {len(rows_to[number])} rows")
    replies = Counter(each["to"] for each in resources if each["direction"] == "outbound-reply")
    for number, count in replies.items():
        if count > 1:
            verdict.note("doubled", f"{number} got {count} replies to one text")
    for deed in done:
        _judge_placed(verdict, deed, rows_to[deed.number], made_to[deed.number])


def _judge_row(verdict: Verdict, row: Row, resource: Resource | None) -> None:
    """A row is as Twilio has it; one that Twilio never took has failed, or says what a person must settle."""
    if row["status"] in OPEN:
        if row.get("due_at"):
            verdict.waiting += 1
        elif row["remark"]:
            verdict.remarked += 1
        else:
            verdict.note("open", _shown(row))
    elif resource is None:
        if row["sid"] or row["status"] != "failed":
            verdict.note("wrong", f"Twilio does not know {_shown(row)}")
    elif row["status"] != resource["status"]:
        verdict.note("wrong", f"{_shown(row)}, at Twilio {resource['status']}")
    elif row["error_code"] != resource.get("error_code"):
        verdict.note("wrong", f"{_shown(row)}: error {row['error_code']}, at Twilio {resource.get('error_code')}")
    elif "duration" in row and int(resource["duration"] or 0) != (row["duration"] or 0):  # empty where nobody answered
        verdict.note("wrong", f"{_shown(row)}: {row['duration']} s, at Twilio {resource['duration']}")


def _judge_placed(verdict: Verdict, deed: Deed, rows: list[Row], made: list[Resource]) -> None:
    """What the driver was told is so."""
    if deed.taken and not rows:
        verdict.note("lost", f"{deed}: no row")
    if deed.sid and deed.sid not in {each["sid"] for each in made}:
        verdict.note("wrong", f"{deed}: Twilio has no such SID")
    if deed.error in SAFE_TO_REPEAT and made:
        verdict.note("misled", f"{deed}: but Twilio has {made[0]['sid']}")


def _grouped(found: Iterable[Row], name: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for each in found:
        groups[each[name]].append(each)
    return groups


def _shown(row: Row) -> str:
    return (
        f"{row['direction']} {row['from_number']} -> {row['to_number']} {row['status']} sid={row['sid']} attempt={row['attempt']}"
    )
