"""A flow file that cannot be used is refused, with a plain sentence for each fault; whatever it holds, with nothing else."""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.flow import Flow, FlowError, paths
from app.flow.steps import Hangup, Menu

FLOWS = Path(__file__).parents[2] / "flows"
HELLO = '[steps.start]\nsay = "Hello"\n'
END = '[steps.end]\nkind = "hangup"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a flow, with a clip and a picture that it may name, and a secret beside it that it may not."""
    (tmp_path / "secret.wav").write_bytes(b"secret")
    folder = tmp_path / "flow"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips/a.wav").write_bytes(b"RIFF")
    (folder / "a.png").write_bytes(b"PNG")
    (folder / "folder.wav").mkdir()
    (folder / "out.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "round.wav").symlink_to("round.wav")
    os.mkfifo(folder / "pipe.wav")
    return folder


def faults(folder: Path, text: str | bytes, **others: str) -> list[str]:
    """What is said of a flow with that text; the other files by their names."""
    (folder / "flow.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in others.items():
        (folder / f"{name}.toml").write_text(content)
    try:
        Flow(folder / "flow.toml", "flow.toml")
    except FlowError as error:
        return [str(fault) for fault in error.faults]
    return []


BEHIND = 'behind the = belongs a text between quotation marks, "like this", a number, true, or false'
ONE_FAULT = [
    # the file as a whole
    ("[steps.start]\nsay = ", f"line 2, `say =`: {BEHIND}."),
    ("[steps.start]\nsay = hello", f"line 2, `say = hello`: {BEHIND}."),
    (
        "[steps.start]\nsay = “hello”",
        'line 2, `say = “hello”`: a text stands between straight quotation marks, "like this", not curly ones.',
    ),
    ('[steps.start]\nsay = "a', 'line 2, `say = "a`: a quotation mark is missing; one inside a sentence is written \\".'),
    ('[steps.start]\nsay = "a "b" c"', 'line 2, `say = "a "b" c"`: quotation marks inside a sentence are written \\".'),
    ('[steps.start]\nsay = [\n  "a",\n  "b"  # b\n\n  "c",\n]', 'line 4, `"b" # b`: a comma is missing at its end.'),
    ('[steps.start]\nsay = [\n  "a",\n', "line 4: the file ends too early; a list that was begun ends with ]."),
    ('[step.start]\nsay = "a"\n' + HELLO, "`step` is not known here; did you mean `steps`?"),
    (
        '[steps.start]\nsay = "a"\n3 = "start"',
        "step start: `3` is not known here; a key to press belongs to a menu, below its [steps.….choices].",
    ),
    ('[steps.start]\nsay = "a"\nsay = "b"', 'line 3, `say = "b"`: this is there already, further up: keep one of the two.'),
    (
        '[steps.start]\nsay = "a"\n[steps.start]',
        "line 3, `[steps.start]`: this table is there already, further up: keep one of the two.",
    ),
    (b'[steps.start]\nsay = "caf\xe9"', "line 2 is not UTF-8: save the file as UTF-8."),
    ("a = " + "[" * 100_000, "it is nested too deeply."),
    ("", "it has no steps; write what callers hear first: [steps.start]."),
    (HELLO + "tries = " + "9" * 5000, None),
    ("steps = 1", "`steps` must be a table for each step: [steps.start]."),
    ('titel = "x"\n' + HELLO, "`titel` is not known here; did you mean `title`?"),
    ("title = 5\n" + HELLO, "`title` must be a text, in quotes."),
    ('start = "begin"\n' + HELLO, "calls begin with the step `begin`, which is not there; known is `start`."),
    ('placed = "strat"\n' + HELLO, "calls begin with the step `strat`, which is not there; did you mean `start`?"),
    ('language = "english"\n' + HELLO, "`language` is 'english', which is no language such as en-GB."),
    ('voice = "Amy"\n' + HELLO, "`voice` is 'Amy', which is no voice such as Polly.Amy, Google.en-GB-Standard-A, man or woman."),
    # steps
    ('[steps.start]\nsai = "x"\nsay = "x"', "step start: `sai` is not known here; did you mean `say`?"),
    ('[steps.start]\nkind = "say"', "step start: `say` is missing."),
    ('[steps.start]\nkind = "sya"', "step start: has the kind 'sya', which is not known; did you mean `say`?"),
    ("[steps.start]\nkind = []", "step start: has the kind a list, which is not known; it must be a text, in quotes."),
    ("[steps]\nstart = 5", "step start: must be a table: [steps.start]."),
    (
        '[steps.start]\nsay = "x"\nnext = "a b"',
        "step start: `next` is 'a b', which is no name of a step: write it as `menu`, or `sales.menu` for a step of another flow"
        " (it has no `kind`, so it is taken for a `say`).",
    ),
    (
        "[steps.start]\nsay = 5",
        "step start: `say` must be a text in quotes, or a table (it has no `kind`, so it is taken for a `say`).",
    ),
    ('[steps.start]\nkind = "say"\nsay = []', "step start: `say` must not be empty."),
    ('[steps.start]\nkind = "say"\nsay = ["a", {sya = "b"}]', None),
    ('[steps.start]\nkind = "say"\nsay = {pause = 1, play = "clips/a.wav"}', None),
    (f'[steps.start]\nkind = "say"\nsay = "{"x" * 5000}"', "step start: `say` is too long: at most 3,000 characters."),
    ('[steps.start]\nkind = "say"\nsay = "\\u0007"', None),
    ('[steps.start]\nkind = "say"\nsay = "a } b"', "step start: `say` has a brace without its partner; write {{ for a brace."),
    ('[steps.start]\nkind = "say"\nsay = "{name}"', None),
    (
        '[steps.start]\nkind = "say"\nsay = "{caller:>9}"',
        "step start: `say` has something behind the name in {caller}; write {caller} alone.",
    ),
    (
        '[steps.start]\nkind = "say"\nsay = "You are number {position}."',
        "step start: `say` has {position}, which is known only in the `waiting` of a queue.",
    ),
    (
        '[steps.start]\nkind = "say"\nsay = "You pressed {digits}."',
        "step start: `say` has {digits}, but nothing has been pressed or said by then: only a menu can lead to it.",
    ),
    (HELLO + '[texts]\ndefault = "You pressed {digits}."', None),
    (
        'sorry = "Sorry, {caller}"\n' + HELLO,
        "`sorry` has {caller}, which may not be known when something went wrong; leave it out.",
    ),
    (
        '[steps.start]\nkind = "redirect"\nto = "announcement"\n[steps.announcement]\nsay = "x"',
        "step announcement: may not have this name: /voice_url/announcement says the announcements of /make_call.",
    ),
    # ways
    (
        '[steps.start]\nsay = "x"\nnext = "emd"\n' + END,
        "step start: leads to `emd`, a step that is not there; did you mean `end`?",
    ),
    (HELLO + END, "step end: is never reached: no step leads to it, and no call begins with it (`start`, `placed`)."),
    ('[steps.start]\nsay = "x"\nnext = "start"', None),
    (
        '[steps.start]\nkind = "menu"\nsay = "x"\notherwise = "start"\nchoices = {1 = "end"}\n' + END,
        "step start: comes back to itself while the caller does nothing: a silent call would never end; "
        "lead one way on to a step that ends.",
    ),
    (
        '[steps.start]\nsay = "x"\nnext = "no"\n[steps.no]\nkind = "reject"',
        "step no: cannot reject the call: step start comes before it, and the call is answered by then.",
    ),
    # menus
    ('[steps.start]\nkind = "menu"\nsay = "x"\nchoices = {a = "end"}\n' + END, None),
    (
        '[steps.start]\nkind = "menu"\nsay = "x"\nchoices = {1 = {go = "end", speach = "x"}}\n' + END,
        "step start: `choices.1.speach` is not known here; did you mean `speech`?",
    ),
    ('[steps.start]\nkind = "menu"\nsay = "x"\nchoices = {1 = {go = "end", speech = "…"}}\n' + END, None),
    (
        '[steps.start]\nkind = "menu"\nsay = "x"\nchoices = {1 = {go = "end", speech = "a"}, 2 = {go = "start", speech = "A"}}\n'
        + END,
        "step start: has the word 'A' for `end` and for `start`; keep one.",
    ),
    (
        '[steps.start]\nkind = "menu"\nsay = "x"\ntries = 99\nchoices = {1 = "end"}\n' + END,
        "step start: `tries` must be at most 10.",
    ),
    # people and numbers
    (
        '[steps.start]\nkind = "dial"\nto = "+1 555 000 3333"',
        "step start: `to` has '+1 555 000 3333'; write that number as '+15550003333'.",
    ),
    (
        '[steps.start]\nkind = "dial"\nto = "0044 20 7946 0000"',
        "step start: `to` has '0044 20 7946 0000'; write that number as '+442079460000'.",
    ),
    (
        '[steps.start]\nkind = "dial"\nto = "020 7946 0000"',
        "step start: `to` has '020 7946 0000', which is no phone number; "
        "write it with its country and without spaces: '+15550002222'.",
    ),
    (
        '[people]\nanna = "+15550003333"\n[steps.start]\nkind = "dial"\nto = "ana"',
        "step start: `to` names 'ana', who is not in [people]; did you mean `anna`?",
    ),
    ('[steps.start]\nkind = "dial"\nto = "anna"', "step start: `to` names 'anna', who is not in [people]; there are none."),
    ('[people]\nanna = "12"\n' + HELLO, None),
    ('[steps.start]\nkind = "dial"\nto = "client:a b"', None),
    ('[steps.start]\nkind = "dial"\nto = ["+15550003333", "+15550003333"]', "step start: `to` has +15550003333 more than once."),
    ('[people]\na = ["client:a"]\n[steps.start]\nkind = "sms"\nto = "a"\nbody = "x"', None),
    ('[steps.start]\nkind = "callers"\nnumbers = "+1 900*"\nlisted = "end"\nothers = "end"\n' + END, None),
    ('[steps.start]\nkind = "take"\nqueue = "support"', None),
    (
        '[numbers]\n"+15550001111" = "sales"\n' + HELLO,
        "numbers: +15550001111 has the flow `sales`, which is not there; known is `main`.",
    ),
    ('[numbers]\n"5550001111" = "main"\n' + HELLO, None),
    # hours
    (
        'time_zone = "Europe/Londno"\n' + HELLO,
        "`time_zone` names 'Europe/Londno', a time zone that does not exist; did you mean `Europe/London`?",
    ),
    ('time_zone = "../../etc/passwd"\n' + HELLO, None),
    (
        '[hours.a]\nopen = ["Mon-Fri 9-17"]\n' + HELLO,
        "`hours.a.open 1` has 'Mon-Fri 9-17'; opening hours look like 'Mon-Fri 09:00-12:30': days are Mon Tue Wed Thu Fri Sat Sun, "
        "hours have two digits, and each span is an entry of its own.",
    ),
    ('[hours.a]\nopen = ["Mon 17:00-09:00"]\n' + HELLO, None),
    ('[hours.a]\nopen = ["Mon 09:00-25:00"]\n' + HELLO, "`hours.a.open 1` names '25:00', a time that does not exist."),
    ('[hours.a]\nopen = []\nclosed = ["2026-02-30"]\n' + HELLO, "`hours.a.closed 1` has '2026-02-30', a day that does not exist."),
    ('[hours.a]\nopen = []\nclosed = ["20261224"]\n' + HELLO, None),
    ('[hours.a]\nopen = []\npublic_holidays = "GB-XXX"\n' + HELLO, None),
    ('[hours.a]\nopen = []\npublic_holidays = "__name__"\n' + HELLO, None),
    ('[hours.a]\nopen = []\npublic_holidays = "HolidayBase"\n' + HELLO, None),
    (
        '[hours.a]\nopen = []\n[steps.start]\nkind = "hours"\nhours = "b"\nopen = "end"\nclosed = "end"\n' + END,
        "step start: asks for the hours `b`, which are not there; known is `a`.",
    ),
    # clips and pictures
    ('[steps.start]\nkind = "say"\nsay = {play = "clips/b.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "../secret.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "clips/../../secret.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "out.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "folder.wav"}', "step start: names the file 'folder.wav', which is a folder."),
    ('[steps.start]\nkind = "say"\nsay = {play = "round.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "pipe.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "a\\u0000.wav"}', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "/etc/passwd"}', None),
    (f'[steps.start]\nkind = "say"\nsay = {{play = "{"x" * 999}.wav"}}', None),
    ('[steps.start]\nkind = "redirect"\nto = "ftp://example.com/"', None),
    ('[steps.start]\nkind = "say"\nsay = {play = "https://example.com/\\ue000tcaller\\ue001.wav"}', None),
    # texts
    (HELLO + '[texts]\ndefualt = "x"', "`texts.defualt` is not known here; did you mean `default`?"),
    (HELLO + '[[texts.keywords]]\nexactly = "a"', None),
    (HELLO + '[[texts.keywords]]\nreply = "a"', None),
    (
        HELLO + '[[texts.keywords]]\nexactly = "a"\nreplly = "b"\nreply = "b"',
        "`texts.keywords 1.replly` is not known here; did you mean `reply`?",
    ),
    (
        HELLO + '[[texts.keywords]]\nexactly = "a"\nreply = "b"\n[[texts.keywords]]\nexactly = ["c", "A"]\nreply = "d"',
        "texts.keywords 2: has the word 'A', which texts.keywords 1 answers already; keep one.",
    ),
    (
        HELLO + '[texts.default]\nforward_to = "anna"',
        "texts.default: `forward_to` names 'anna', who is not in [people]; there are none.",
    ),
    (HELLO + '[texts.default]\npictures = "b.png"', None),
    # other flows
    (HELLO + '[flows]\nsales = "none.toml"', "flows: `sales` names the file 'none.toml', which is missing."),
    (HELLO + '[flows]\nsales = "flow.toml"', "flows: `sales` names this file itself; its own steps need no name of a flow."),
    (HELLO + '[flows]\nmain = "other.toml"', "flows: no flow may be called `main`: that is the flow file itself."),
    (HELLO + '[flows]\nsales = "clips"', "flows: `sales` names 'clips', which is a folder."),
    (HELLO + '[flows]\nsales = "a\\u0000b"', None),
]


@pytest.mark.parametrize(("text", "sentence"), ONE_FAULT)
def test_each_fault_is_said_once_in_a_sentence(folder: Path, text: str | bytes, sentence: str | None) -> None:
    (said,) = faults(folder, text)
    assert said.startswith("flow.toml: ")
    assert said.isprintable()
    assert len(said) < 400
    if sentence:
        assert said == f"flow.toml: {sentence}"


def test_a_file_outside_the_flows_folder_is_never_published(folder: Path) -> None:
    for name in ("../secret.wav", "clips/../../secret.wav", "out.wav", str(folder.parent / "secret.wav")):
        (said,) = faults(folder, f'[steps.start]\nkind = "say"\nsay = {{play = "{name}"}}')
        assert said.endswith("which is not in the folder of the flow; put it there: all that a flow names is public.")


def test_files_that_twilio_would_not_take_are_too_large(folder: Path) -> None:
    for name, size in (("long.wav", 40_000_001), ("1.png", 3_000_000), ("2.png", 3_000_000)):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    (said,) = faults(folder, '[steps.start]\nkind = "say"\nsay = {play = "long.wav"}')
    assert said.endswith("which is too large: a clip has at most 40 MB.")
    (said,) = faults(folder, HELLO + '[texts.default]\npictures = ["1.png", "2.png"]')
    assert said == "flow.toml: texts.default: has `pictures` that are too large: Twilio sends 5 MB in all."
    assert faults(folder, HELLO + '[texts.default]\npictures = "1.png"') == []


def test_what_looks_odd_but_works_is_no_fault(folder: Path) -> None:
    for text in (
        '[steps.start]\nkind = "menu"\nsay = "x"\nchoices = {1 = "end", 12 = "end", "#" = "end", "*9" = "end", "1#" = "end"}\n'
        + END,
        "\ufeff" + HELLO.replace("\n", "\r\n"),
        '[steps.start]\nkind = "say"\nsay = "{{caller}} {caller}"',
        '[steps.start]\nkind = "menu"\nsay = "x"\nwrong = "Not {digits}"\nchoices = {1 = "a"}\n[steps.a]\nsay = "{digits}{speech}"',
        '[steps.start]\nkind = "queue"\nqueue = "q"\nwaiting = "{position} {wait}"',
        '[steps.start]\nkind = "say"\nsay = {play = "clips/../clips/a.wav"}',
        '[numbers]\n"+15550001111" = "main"\n' + HELLO,
        HELLO + '[texts.default]\nreply = "x"\npictures = "a.png"',
    ):
        assert faults(folder, text) == []


def test_a_hostile_name_does_nothing_to_a_terminal(folder: Path) -> None:
    said = faults(folder, HELLO + '[steps."\\u001b[2J"]\n"\\u001b" = 1\nkind = "\\n"\n["\\u001b"]')
    assert len(said) == 3
    assert all(line.isprintable() for line in said)


def test_all_faults_are_said_at_once(folder: Path) -> None:
    said = faults(
        folder,
        'titel = "x"\nplaced = ["nowhere"]\n[flows]\nsales = "sales.toml"\n[steps.start]\nkind = "dial"\nto = "nobody"\n'
        'busy = "nowhere"\notherwise = "broken"\nanswered = "sales.begin"\n[steps.broken]\nkind = "say"\n',
        sales='[steps.start]\nsay = {play = "none.wav"}\nnext = "sales"\n',
    )
    assert [line.partition(",")[0].partition(";")[0] for line in said] == [
        "flow.toml: step broken: `say` is missing.",
        "flow.toml: `titel` is not known here",
        "flow.toml: step start: `to` names 'nobody'",
        "sales.toml: step start: names the file 'none.wav'",
        "flow.toml: step start: leads to `sales.begin`",
        "flow.toml: step start: leads to `nowhere`",
        "sales.toml: step start: leads to `sales.sales`",
        "flow.toml: calls begin with the step `nowhere`",
    ]


def test_hints_look_where_the_step_should_be(folder: Path) -> None:
    flow = '[flows]\nsales = "sales.toml"\n[steps.start]\nkind = "redirect"\nto = "{}"\n'
    sales = '[steps.start]\nsay = "x"\nnext = "menu"\n[steps.menu]\nsay = "y"\n'
    (said,) = faults(folder, flow.format("sales.menue"), sales=sales)
    assert said == "flow.toml: step start: leads to `sales.menue`, a step that is not there; did you mean `sales.menu`?"
    (said,) = faults(folder, flow.format("sale.menu"), sales=sales)
    assert "did you mean `sales.menu`?" in said
    assert faults(folder, flow.format("sales.start"), sales=sales) == []


def test_a_flow_that_is_named_has_no_flows_of_its_own(folder: Path) -> None:
    said = faults(folder, HELLO + '[flows]\nsales = "sales.toml"', sales=HELLO + '[flows]\nx = "flow.toml"')
    assert said == ["sales.toml: only the flow file itself may have `flows` and `numbers`, not one that it names."]


def test_a_missing_flow_file_is_said() -> None:
    with pytest.raises(FlowError, match=r"nowhere.toml: there is no such file\."):
        Flow(FLOWS / "nowhere.toml", "nowhere.toml")
    with pytest.raises(FlowError, match=r"flows: it is a folder, not a file\."):
        Flow(FLOWS, "flows")


def test_huge_flows_are_checked_in_time_and_a_hundred_faults_are_enough(folder: Path) -> None:
    chain = "".join(f'[steps.s{n}]\nsay="x"\nnext="s{n + 1}"\n' for n in range(3000))
    assert faults(folder, f'start = "s0"\n{chain}[steps.s3000]\nsay = "x"\n') == []
    assert len(faults(folder, chain.replace('next="s', 'next="t'))) == 100
    assert faults(folder, "#" * 10_000_001) == ["flow.toml: it is too large: a flow file has at most 10 MB."]


def test_the_ways_through_a_huge_flow_are_walked_once() -> None:
    steps = {f"s{n}": Menu(say="x", choices={"1": "end"}, otherwise=f"s{(n + 1) % 20_000}") for n in range(20_000)}
    every = {**steps, "end": Hangup()}
    started = time.process_time()
    said = list(paths.faults(every, {name: tuple(step.edges()) for name, step in every.items()}, ["s0"]))
    assert time.process_time() - started < 10  # seconds; looking from each step anew takes minutes
    assert len(said) == 20_000
    assert all("comes back to itself while the caller does nothing" in sentence for _, sentence in said)


OFFICE = (FLOWS / "office.toml").read_text().splitlines()
VALUES = [
    *(
        "1",
        "-1",
        "0",
        "true",
        "nan",
        "1979-05-27",
        '""',
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{go = {a = [1]}}",
        '"{"',
        '"start"',
        '"\\u0000"',
    ),
    *('"\\u001b[2J"', '"../../etc/passwd"', '"https://["', '"client:"', '"+1*"', "9" * 40, '["a", 1, {}]', '"menu.menu.menu"'),
]


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the flows that can be spoiled."""
    return shutil.copytree(FLOWS, tmp_path_factory.mktemp("copy") / "flows")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["delete", "double", "move", "value", "key"]), st.integers(0, len(OFFICE) - 1), st.sampled_from(VALUES)
        ),
        min_size=1,
        max_size=4,
    )
)
@example([("value", OFFICE.index('kind = "callers"'), "{}")])
def test_no_file_can_make_it_fail_in_another_way(flows: Path, changes: list[tuple[str, int, str]]) -> None:
    lines = list(OFFICE)
    for change, at, value in changes:
        match change:
            case "delete":
                lines[at] = ""
            case "double":
                lines[at] = f"{lines[at]}\n{lines[at]}"
            case "move":
                lines[at], lines[(at * 7) % len(lines)] = lines[(at * 7) % len(lines)], lines[at]
            case "value":
                lines[at] = f"{lines[at].partition('=')[0]}= {value}"
            case "key":
                lines[at] = f"{value} = {lines[at].partition('=')[2]}"
    (flows / "office.toml").write_text("\n".join(lines))
    fault = ""
    try:
        Flow(flows / "office.toml")
    except FlowError as error:
        fault = str(error)
    assert all(line.isprintable() for line in fault.splitlines())
