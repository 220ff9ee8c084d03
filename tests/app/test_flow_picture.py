"""The picture of a flow: whole, well-formed, and harmless whatever the flow says."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask
from visitors import Browser

from app.flow import Flow, picture

FLOWS = Path(__file__).parents[2] / "flows"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "]]><script>",
    "</svg><img src=x onerror=alert(1)>",
    "&amp;&#0; \\\\N \\\\G \\\\l \\\\\\\\",
    "<b>bold</b>",
    "\\u202eleft \\U0001F600 \\u4f60\\u597d\\u4f60\\u597d\\u4f60\\u597d\\u4f60\\u597d",
    'quote \\" and \\u2028 line',
]


def flow(folder: Path, text: str) -> Flow:
    path = folder / "flow.toml"
    path.write_text(text)
    return Flow(path)


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_each_step_and_each_way_of_the_office_is_in_it() -> None:
    office = Flow(FLOWS / "office.toml")
    root = ElementTree.fromstring(picture.draw(office))
    groups = [group.get("class", "").split() for group in root.iter(f"{SVG}g")]
    ways = sum(1 for place in office.places.values() for _ in place.step.edges())
    assert sum("step" in group for group in groups) == len(office.places) == 28
    assert sum("way" in group for group in groups) == ways + 2  # where calls begin, and where those that we place
    assert sum("flow" in group for group in groups) == 2
    names = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "name"]
    assert sorted(names) == sorted(name.removeprefix("sales.") for name in office.places)
    assert {"☎ calls to us", "☎ calls that we place", "1 or “support”", "Harbour Street Office", "after 3 tries"} <= set(
        words(picture.draw(office))
    )


def test_lines_of_our_own_stand_where_their_calls_begin(tmp_path: Path) -> None:
    (tmp_path / "sales.toml").write_text('[steps.start]\nsay = "Sales"\n')
    text = '[flows]\nsales = "sales.toml"\n[numbers]\n"+15550001112" = "sales"\n[steps.start]\nsay = "Main"\n'
    assert {"☎ +15550001112", "☎ all other calls"} <= set(words(picture.draw(flow(tmp_path, text))))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(tmp_path: Path, text: str) -> None:
    hostile = flow(
        tmp_path,
        f'title = "{text}"\n[steps.start]\nkind = "menu"\nsay = "{text}"\n'
        f'[steps.start.choices]\n1 = {{go = "url", speech = "{text} a"}}\n2 = "sms"\n'
        f'[steps.url]\nkind = "redirect"\nto = "https://example.com/<>&]]>"\n[steps.sms]\nkind = "sms"\nbody = "{text}"\n',
    )
    for svg in (picture.draw(hostile), picture.draw_file(hostile)):
        root = ElementTree.fromstring(svg)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg",
            "style",
            "g",
            "path",
            "polygon",
            "text",
            "title",
        }
        assert not any(name.startswith("on") or "href" in name or name == "style" for each in root.iter() for name in each.attrib)
        assert not re.search(r"<(script|img|b|image|a)\b", svg)
        assert "style=" not in svg
    shown = hostile.file.title or ""
    assert shown in (ElementTree.fromstring(picture.draw(hostile)).get("aria-label") or "")
    first = shown.split()[0]
    assert any(first in line for line in words(picture.draw(hostile)))


def test_a_title_in_angle_brackets_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sub.toml").write_text('title = "<b>Sales</b>"\n[steps.start]\nsay = "Hello"\n')
    text = 'title = "<br>"\n[flows]\nsub = "sub.toml"\n[steps.start]\nkind = "redirect"\nto = "sub.start"\n'
    assert {"<br>", "<b>Sales</b>"} <= set(words(picture.draw(flow(tmp_path, text))))


def test_colours_are_left_to_the_style_which_a_file_has_inside() -> None:
    hello = Flow(FLOWS / "hello.toml")
    assert not re.search(r'\b(fill|stroke|font-family)="', picture.draw(hello))
    drawn = picture.draw_file(hello)
    assert drawn.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    assert "prefers-color-scheme: dark" in drawn
    assert "Hello Monkey!" in words(drawn)


def test_it_is_drawn_once_also_by_many_at_a_time() -> None:
    office = Flow(FLOWS / "office.toml")
    drawn: list[str] = []
    threads = [threading.Thread(target=lambda: drawn.append(picture.draw(office))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 8
    assert len({id(each) for each in drawn}) == 1


def test_a_flow_that_is_too_large_is_a_list_only(tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    steps = "".join(f'[steps.s{n}]\nsay = "x"\nnext = "s{n + 1}"\n' for n in range(300))
    (tmp_path / "large.toml").write_text(f'start = "s0"\n{steps}[steps.s300]\nsay = "x"\n')
    with pytest.raises(picture.TooLarge, match="The flow has 301 steps; a picture has room for 300"):
        picture.draw(Flow(tmp_path / "large.toml"))
    browser = Browser(make_app(flow_file=str(tmp_path / "large.toml")).test_client())
    browser.sign_in()
    page = browser.get("/flow")
    assert page.status_code == 200
    assert "a picture has room for 300" in page.text
    assert 'id="step-s300"' in page.text


def test_the_page_has_the_picture_and_the_same_in_words(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(flow_file="flows/office.toml").test_client())
    browser.sign_in()
    page = browser.get("/flow").text
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    assert "“We are ringing the sales desk.”" in page
    assert re.search(r'1 or “support” → <a href="#step-support">support</a>', page)
    assert re.search(r'then → <a href="#step-sales.start">sales.start</a>', page)
    assert re.search(r'id="step-screen">screen\s.*?calls begin here', page, re.DOTALL)
    assert re.search(r'id="step-reminder">reminder\s.*?placed calls may begin here', page, re.DOTALL)
    assert 'href="/flow"' in browser.get("/").text
    assert page.count("<svg") == 1
