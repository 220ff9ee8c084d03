"""Comparing a document with the grammar: what does not belong is left out, as Twilio does, and told to an alarm."""

from collections.abc import Iterable

from simulator.twiml.document import Alarm, Document, Verb
from simulator.twiml.elements import SCHEMA, Element
from simulator.twiml.grammar import BACKGROUND, ERRORS, KNOWN_NAMES

MOST_SHOWN = 5
LONGEST_SHOWN = 40


def known_verbs(document: Document, grammar: Element, alarm: Alarm) -> list[Verb]:
    """Give the verbs with all that the grammar knows, their values as the verbs want them.

    An attribute whose value is none is left out, so that its default holds, with the warning that Twilio has for it.
    """
    root = Verb("Response", document.attributes, "", document.verbs, document.own_text, 1)
    return list(_clean(root, grammar, alarm).children)


def _clean(verb: Verb, element: Element, alarm: Alarm) -> Verb:
    if element.free:
        return verb
    attributes = _values(verb, element, alarm)
    if verb.own_text and not element.text:
        alarm(SCHEMA, f"Schema validation warning: {verb.name} has no text{_at(verb)}", "warning")
    children = []
    for child in verb.children:
        known = element.children.get(child.name)
        if known is None:
            _complain(verb, child, element, alarm)
        elif child.name in BACKGROUND and known.free:
            text = f"{child.name} is not simulated: the call goes on without it{_at(child)}"
            alarm(SCHEMA, f"Schema validation warning: {text}", "warning")
        else:
            children.append(_clean(child, known, alarm))
    text = verb.own_text
    if element.spoken and verb.children:  # what is between the elements of speech is layout, not speech
        text = " ".join(verb.text.split())
    clash = element.clash(attributes, text) if element.clash else None
    if clash is not None:
        alarm(clash[0], f"{clash[1]}{_at(verb)}", "warning")
    return Verb(verb.name, attributes, text, tuple(children), verb.own_text, verb.line, verb.silence)


def _values(verb: Verb, element: Element, alarm: Alarm) -> dict[str, str]:
    """Read the attributes that the element knows, in the order in which they are written."""
    values, strange = {}, []
    for name, text in verb.attributes.items():
        rule = element.attributes.get(name)
        if rule is None:
            if not name.startswith(("xml", "xsi:")):  # what XML itself may say: xmlns, xml:lang, xsi:schemaLocation
                strange.append(name)
            continue
        kind, code = rule
        value, fine = kind(text)
        if value is not None:
            values[name] = value
        if not fine:
            told = f'{verb.name}: Invalid {name} value "{_short(text)}"{_at(verb)}'
            if code == SCHEMA:
                told = f"Schema validation warning: {told}"
            alarm(code, told, "error" if code in ERRORS else "warning")
    if strange:
        alarm(SCHEMA, f"Schema validation warning: {verb.name} has no {_some(strange)}{_at(verb)}", "warning")
    return values


def _complain(verb: Verb, child: Verb, element: Element, alarm: Alarm) -> None:
    """Tell that a child does not belong: of a name that TwiML has, the verb says so before the schema does."""
    if element.misplaced != SCHEMA and child.name in KNOWN_NAMES:
        what = "Invalid Verb for SMS Reply" if verb.name == "Response" else f"{verb.name}: Invalid nested element"
        alarm(element.misplaced, f"{what}: {_short(child.name)}{_at(child)}", "warning")
    alarm(SCHEMA, f"Schema validation warning: {_short(child.name)} does not belong in {verb.name}{_at(child)}", "warning")


def _at(verb: Verb) -> str:
    return f" (line {verb.line})" if verb.line else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _some(found: Iterable[str]) -> str:
    shown = sorted(found)
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return ", ".join(_short(name) for name in shown[:MOST_SHOWN]) + more
