"""The picture of a flow: SVG, drawn by Graphviz. Its looks are in static/flow.css, so that a page may show it light or dark."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from textwrap import wrap
from threading import Lock
from unicodedata import east_asian_width
from xml.etree import ElementTree

import pygraphviz

from app.flow import MAIN, Flow, Place
from app.flow.places import full_name
from app.flow.summary import GROUPS, does, ending, heard, kind_of

STYLE = Path(__file__).parent.parent / "static" / "flow.css"
MOST = 300  # steps: more are no picture that anybody could read, and would take Graphviz minutes
LINE = 34  # characters of a line in a box, and the lines there
LINES = 3
LABEL = 24  # characters of a line beside a way
SVG = "http://www.w3.org/2000/svg"
FONT = "Helvetica"
KEPT = {f"{{{SVG}}}{name}" for name in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text", "title")}
PLACED = {"x", "y", "cx", "cy", "rx", "ry", "width", "height", "viewBox", "transform"}
ATTRIBUTES = PLACED | {"class", "d", "points", "font-size", "text-anchor"}

_drawing = Lock()  # Graphviz is not made for threads


class TooLarge(Exception):
    """A flow with too many steps for a picture; the message is for people."""


def draw(flow: Flow) -> str:
    """The picture as an `<svg>` element for a page, which needs static/flow.css; drawn once. Raises TooLarge."""
    if len(flow.places) > MOST:
        raise TooLarge(f"The flow has {len(flow.places)} steps; a picture has room for {MOST}.")
    with _drawing:
        return _drawn(flow)


@lru_cache(maxsize=2)
def _drawn(flow: Flow) -> str:
    return ElementTree.tostring(_tidied(_graph(flow).draw(format="svg", prog="dot"), flow), "unicode")


def draw_file(flow: Flow) -> str:
    """The picture as a file of its own, with its looks inside. Raises TooLarge."""
    picture = ElementTree.fromstring(draw(flow))  # noqa: S314  (ours)
    style = ElementTree.Element(f"{{{SVG}}}style")
    style.text = re.sub(r"/\*.*?\*/\s*", "", STYLE.read_text(), flags=re.DOTALL)
    picture.insert(0, style)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(picture, "unicode")}\n'


def _graph(flow: Flow) -> "pygraphviz.AGraph":
    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="TB", nodesep="0.3", ranksep="0.45", bgcolor="transparent", pad="0.15", fontname=FONT)
    graph.node_attr.update(shape="box", style="rounded", fontname=FONT, fontsize="11", margin="0.16,0.09", height="0.3")
    graph.edge_attr.update(fontname=FONT, fontsize="10", arrowsize="0.7", labelfloat="false")
    ids = {name: f"step{number}" for number, name in enumerate(flow.places)}
    for name, place in flow.places.items():
        graph.add_node(ids[name], label=_label(place), **{"class": f"step {GROUPS[kind_of(place.step)]}"})
    begins = {f"start{number}": begin for number, begin in enumerate(_starts(flow))}
    for start, (label, target) in begins.items():
        graph.add_node(start, label=_written([label]), style="", shape="plain", **{"class": "start"})
        graph.add_edge(start, ids[target], **{"class": "way begin"})
    for name, place in flow.places.items():
        for edge in place.step.edges():
            kind = "way" if edge.by_itself else "way chosen"
            label = "" if edge.label == "then" else _written(_cut(edge.label, LABEL, 2))
            graph.add_edge(ids[name], ids[place.target(edge.to)], label=label, **{"class": kind})
    for flow_name, file in flow.files.items() if len(flow.files) > 1 else ():
        inside = [ids[name] for name, place in flow.places.items() if place.flow == flow_name]
        inside += [start for start, (_, target) in begins.items() if flow.places[target].flow == flow_name]
        title = file.title or ("the flow file" if flow_name == MAIN else flow_name)
        graph.add_subgraph(
            inside,
            name=f"cluster_{flow_name}",
            label=_written(_cut(title, 60, 1)),
            labeljust="l",
            fontsize="12",
            style="rounded",
            margin="14",
            **{"class": "flow"},
        )
    return graph


def _starts(flow: Flow) -> Iterator[tuple[str, str]]:
    """What begins where: calls to our numbers, and calls that we place."""
    for flow_name, file in flow.files.items():
        numbers = [number for number, named in flow.file.numbers.items() if named == flow_name]
        if numbers:
            yield f"☎ {', '.join(numbers[:2])}{' …' if len(numbers) > 2 else ''}", full_name(file.start, flow_name)
        if flow_name == MAIN:
            yield "☎ all other calls" if flow.file.numbers else "☎ calls to us", full_name(file.start, flow_name)
        for step in file.placed:
            yield "☎ calls that we place", full_name(step, flow_name)


def _label(place: Place) -> str:
    step = place.step
    words = " · ".join(filter(None, (does(step), heard(getattr(step, "say", None)))))
    return _written([place.name.rpartition(".")[2], kind_of(step), *_cut(words, LINE, LINES), *filter(None, [ending(step)])])


def _cut(text: str, width: int, lines: int) -> list[str]:
    """A text as a few lines; Chinese and its like take twice the room."""
    wide = sum(east_asian_width(letter) in "WF" for letter in text[: width * lines])
    width = width // 2 if wide > 5 else width
    return wrap(text, width, max_lines=lines, placeholder=" …")


def _written(lines: list[str]) -> str:
    """Lines as Graphviz takes them: a backslash and an ampersand would mean something there, and <all of it> be HTML."""
    return "\\n".join(line.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;") for line in lines)


def _tidied(drawn: bytes, flow: Flow) -> ElementTree.Element:
    """The drawing without what a page must not hold, its colours left to the style, and with words for those who cannot see it."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(drawn)  # noqa: S314  (what Graphviz wrote)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag not in KEPT:
                parent.remove(child)
    for element in root.iter():
        for attribute in set(element.attrib) - ATTRIBUTES:
            del element.attrib[attribute]
    places = list(flow.places.values())
    for group in root.iter(f"{{{SVG}}}g"):
        title = group.find(f"{{{SVG}}}title")
        name = (title.text or "") if title is not None else ""
        if title is not None:
            group.remove(title)
        if name.startswith("step") and "->" not in name:
            _mark_lines(group, places[int(name.removeprefix("step"))])
    root.set("class", "flow-picture")
    root.set("role", "img")
    root.set("aria-label", f"The steps of {flow.file.title or 'the flow'} and the ways between them")
    return root


def _mark_lines(group: ElementTree.Element, place: Place) -> None:
    """Tell the lines of a box apart; what was cut is shown when one points at it."""
    texts = group.findall(f"{{{SVG}}}text")
    for text, kind in zip(texts, ["name", "kind", *["words"] * (len(texts) - 2)], strict=False):
        text.set("class", kind)
    if ending(place.step):
        texts[-1].set("class", "ending")
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = " · ".join(filter(None, (place.name, does(place.step), heard(getattr(place.step, "say", None)))))
    group.insert(0, title)
