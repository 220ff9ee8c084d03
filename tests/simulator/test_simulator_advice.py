"""Every code that the simulator gives comes with a sentence on what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import simulator
from simulator.driver import Handset, Simulator
from simulator.rest.errors import REFUSALS
from simulator.twiml.elements import Element
from simulator.twiml.grammar import MESSAGE_VERBS, VOICE_VERBS
from simulator.web.advice import ADVICE, advice

# Ranges of Twilio's list that the simulator draws from; a number in them that is no code says so here.
CODES = [range(11_000, 17_000), range(20_000, 23_000), range(30_000, 31_000), range(63_000, 64_000)]
NO_CODES: set[int] = set()


def _written() -> Iterator[tuple[str, int]]:
    for path in Path(simulator.__file__).parent.rglob("*.py"):
        if path.name == "advice.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and type(node.value) is int and any(node.value in codes for codes in CODES):
                yield path.name, node.value


def test_every_code_in_the_source_has_advice() -> None:
    assert [(name, code) for name, code in _written() if code not in ADVICE and code not in NO_CODES] == []
    assert set(REFUSALS) - set(ADVICE) == set()


def _codes(element: Element, seen: set[int]) -> Iterator[int]:
    if id(element) in seen:
        return
    seen.add(id(element))
    yield from (code for _, code in element.attributes.values())
    yield element.misplaced
    for child in element.children.values():
        yield from _codes(child, seen)


def test_every_code_of_the_grammar_has_advice() -> None:
    assert {*_codes(VOICE_VERBS, set()), *_codes(MESSAGE_VERBS, set())} - set(ADVICE) == set()


def test_advice_is_one_plain_sentence() -> None:
    for code, text in ADVICE.items():
        assert text[0].isupper(), code
        assert text.endswith("."), code
        assert ". " not in text, code
        assert len(text) <= 130, code


def test_a_code_without_advice_leads_to_twilios_list() -> None:
    assert "https://www.twilio.com/docs/errors/99999" in advice(99999)


def test_the_record_shows_the_advice(sim: Simulator, site: Any, phone: Handset) -> None:
    site.answer("/voice", "<Response><Pause length='x'/></Response>")
    sid = phone.call("+15550001111")
    sim.advance(5)
    (alert,) = sim.requests(sid)[0]["alerts"]
    assert (alert["code"], alert["level"], alert["advice"]) == (13910, "warning", ADVICE[13910])
