"""flask flow check | draw | call: as a person runs them, in processes of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import psutil
from click.testing import CliRunner
from dotenv import dotenv_values

from app.cli.flow import commands
from bench.server import environment

ROOT = Path(__file__).parents[2]
FLASK = [sys.executable, "-m", "flask", "flow"]
CALL = [*FLASK, "call", "--speed", "25"]


def environ(**changes: str) -> dict[str, str]:
    """An environment without settings: every one that .env could hold is empty."""
    names = [*dotenv_values(ROOT / ".env.example"), *(f"SIMULATOR_{name}" for name in ("NUMBER", "PORT"))]
    return {name: value for name, value in os.environ.items() if name not in names} | dict.fromkeys(names, "") | changes


def run(*arguments: str, typed: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    command = list(arguments) if arguments[0] == sys.executable else [*FLASK, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ(**changes), input=typed, capture_output=True, text=True, timeout=60)


def left_behind(mark: str) -> list[psutil.Process]:
    """The processes that still have a mark of ours in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("MARK") == mark:
                found.append(process)
    return found


def test_a_right_file_is_said_to_be_right_without_any_settings() -> None:
    checked = run("check", "flows/office.toml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == (
        "flows/office.toml is right: 28 steps in 2 files, 3 keywords, 3 clips and pictures. Calls begin with `screen`.\n"
    )


def test_a_wrong_file_is_told_fault_by_fault_also_where_it_is_the_apps_own(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('titel = "x"\n[steps.start]\nsay = "x"\nnext = "nowhere"\n')
    settings = environment(5000, tmp_path / "none.db", 1)
    for checked in (run("check", FLOW_FILE=str(wrong)), run("check", str(wrong), **settings)):
        assert (checked.returncode, checked.stdout) == (1, "")
        assert checked.stderr == (
            "The flow file cannot be used:\n"
            f"{wrong}: `titel` is not known here; did you mean `title`?\n"
            f"{wrong}: step start: leads to `nowhere`, a step that is not there; known is `start`.\n"
        )


def test_only_flow_commands_do_without_settings() -> None:
    for refused in (run(sys.executable, "-m", "flask", "db", "current"), run(sys.executable, "-c", "import wsgi", "flow")):
        assert refused.returncode == 1
        assert "SECRET_KEY is" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_picture_is_written_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    drawn = run("draw", "flows/hello.toml")
    assert ElementTree.fromstring(drawn.stdout).tag.endswith("svg")
    assert drawn.returncode == 0
    here = CliRunner()
    assert here.invoke(commands, ["draw", str(ROOT / "flows/hello.toml"), "-o", str(tmp_path / "hello.svg")]).exit_code == 0
    assert (tmp_path / "hello.svg").read_text() == drawn.stdout
    refused = here.invoke(commands, ["draw", str(ROOT / "flows/hello.toml"), "-o", "/nowhere/hello.svg"])
    assert (refused.exit_code, refused.output) == (1, "Error: /nowhere/hello.svg cannot be written: No such file or directory.\n")


def test_a_call_is_walked_line_by_line_and_leaves_nothing_behind() -> None:
    typed = "7\nsay reception please\nsay It is Bob\n"
    given = ("--at", "2026-12-02T12:00", "--from", "+1 555 000 2223", "--others", "busy")
    walked = run(*CALL, "flows/office.toml", *given, typed=typed, MARK="walked")
    assert (walked.returncode, walked.stderr) == (0, "")
    said = walked.stdout.splitlines()
    expected = [
        "Calling +15550001111 from +15550002223. Keys are pressed, `say words` is spoken, `hangup` hangs up.",
        "> 7",
        "“That is no choice of this menu.”",
        "> reception please",
        "“One moment, please.”",
        "  ringing +15550003333",
        "  ringing +15550004444, client:anna",
        "“Everybody is on the phone.”",
        "  (beep)",
        "> It is Bob",
        "“Thank you. We will call you back.”",
        "“Goodbye, and thank you for calling.”",
        "The call has ended: completed.",
    ]
    assert [line for line in said if line in expected] == expected
    assert left_behind("walked") == []


def test_a_call_comes_at_the_time_that_is_given() -> None:
    holiday = run(*CALL, "flows/office.toml", "--at", "2026-12-25T12:00", typed="say Merry Christmas\n")
    assert "“Today is a holiday, and the office is closed.”" in holiday.stdout


def test_what_cannot_be_called_is_said_before_anything_starts() -> None:
    for wrong, sentence in (
        (["--from", "+1 555 000"], "Error: --from: That number is too short or too long for its country, or has an extension.\n"),
        (["--to", "nobody"], "Error: --to: That is not a phone number; write it with its country, such as +1 555 000 2222.\n"),
        (
            ["--from", "+15550001111"],
            "Error: +15550001111 is a number of the flow and cannot call it: give another one with --from.\n",
        ),
        (
            ["--at", "noon"],
            "Error: Invalid value for '--at': 'noon' does not match the formats '%Y-%m-%dT%H:%M', '%Y-%m-%d %H:%M'.\n",
        ),
    ):
        refused = CliRunner().invoke(commands, ["call", str(ROOT / "flows/hello.toml"), *wrong])
        assert refused.exit_code != 0
        assert refused.output.endswith(sentence)


def test_ctrl_c_hangs_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    long = tmp_path / "long.toml"
    long.write_text('[steps.start]\nsay = ["Hello", {pause = 100}]\n')
    with subprocess.Popen(
        [*FLASK, "call", str(long)], cwd=ROOT, env=environ(MARK="ctrl-c"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        heard = [next(process.stdout) for _ in range(2)]
        assert heard[1] == "“Hello”\n"
        assert len(left_behind("ctrl-c")) == 2
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "You hang up.\n"
        assert process.wait(20) == 0
    assert left_behind("ctrl-c") == []


def test_without_the_simulators_packages_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "quart.py").write_text("raise ModuleNotFoundError(\"No module named 'quart'\")")
    refused = run(*CALL, "flows/hello.toml", PYTHONPATH=str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr == "Error: The simulator's packages are not installed: pip install -r requirements-simulator.txt\n"
