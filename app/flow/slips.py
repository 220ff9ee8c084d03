"""What a person got wrong who writes TOML, in words for who does not know it: the parser's own name its grammar."""

import re

QUOTES = "“”„‟«»"
LONGEST = 60  # characters of a line that is shown


def explained(text: str, message: str) -> str:
    """What is wrong in a text that is not TOML, from what Python's parser says of it: the line, and how to mend it."""
    what, _, where = message.removesuffix(")").partition(" (at ")
    lines = text.split("\n")
    found = re.fullmatch(r"line (\d+), column (\d+)", where)
    number = int(found[1]) if found else len(lines)
    line = lines[min(number, len(lines)) - 1]
    if "Unclosed array" in what and (before := _without_comma(lines, number)):
        return f"line {before}, {_shown(lines[before - 1])}: a comma is missing at its end"
    if not line.strip():
        return f"line {number}: the file ends too early; a list that was begun ends with ]"
    return f"line {number}, {_shown(line)}: {_mended(what, line)}"


def _mended(what: str, line: str) -> str:
    """The sentence for one kind of fault in a line."""
    if any(quote in line for quote in QUOTES) and '"' not in line:
        return 'a text stands between straight quotation marks, "like this", not curly ones'
    if (line.count('"') - line.count('\\"')) % 2:
        return 'a quotation mark is missing; one inside a sentence is written \\"'
    if "Expected newline" in what and line.count('"') > 2:
        return 'quotation marks inside a sentence are written \\"'
    if "overwrite" in what:
        return "this is there already, further up: keep one of the two"
    if "twice" in what:
        return "this table is there already, further up: keep one of the two"
    if "Unclosed array" in what:
        return "a list has no end: a ] is missing, or a comma between two of its entries"
    if "Invalid value" in what:
        return 'behind the = belongs a text between quotation marks, "like this", a number, true, or false'
    return f"this is not TOML ({what[:1].lower()}{what[1:]})"


def _without_comma(lines: list[str], number: int) -> int | None:
    """The line before the one with that number, if the comma is missing there that parts entries of a list."""
    before = next((at for at in range(number - 1, 0, -1) if lines[at - 1].strip()), None)
    if before is None or not lines[number - 1].lstrip().startswith(('"', "{", "'")):
        return None
    return before if lines[before - 1].split("  #")[0].rstrip().endswith(('"', "}", "'")) else None


def _shown(line: str) -> str:
    short = " ".join(line.split())
    return f"`{short if len(short) <= LONGEST else short[:LONGEST] + '…'}`"
