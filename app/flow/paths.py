"""The ways through a flow: what nobody reaches, and what nobody leaves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.flow.steps import Edge, Reject, Step


def faults(steps: Mapping[str, Step], ways: Mapping[str, tuple[Edge, ...]], starts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each step that cannot work where it stands, with a sentence; `ways` are its edges, whose targets all exist."""
    forwards = {name: [edge.to for edge in edges] for name, edges in ways.items()}
    backwards: dict[str, list[str]] = {name: [] for name in steps}
    for name, targets in forwards.items():
        for target in targets:
            backwards[target].append(name)
    reached = reach(starts, forwards)
    can_end = reach((name for name, step in steps.items() if step.ends), backwards)
    turning = _turning(steps, ways)
    answered = reach((to for name in reached if steps[name].answers for to in forwards[name]), forwards)
    for name, step in steps.items():
        if name not in reached:
            yield name, "is never reached: no step leads to it, and no call begins with it (`start`, `placed`)"
        elif name not in can_end:
            yield name, "has no way out: whatever the caller does, the call goes round for ever; lead one way to a step that ends"
        elif name in turning:
            yield (
                name,
                (
                    "comes back to itself while the caller does nothing: a silent call would never end; "
                    "lead one way on to a step that ends"
                ),
            )
        if isinstance(step, Reject) and name in answered:
            before = next(each for each in backwards[name] if each in reached and (steps[each].answers or each in answered))
            yield name, f"cannot reject the call: step {before} comes before it, and the call is answered by then"


def reach(starts: Iterable[str], ways: Mapping[str, Iterable[str]]) -> set[str]:
    """The steps that can be come to from others, and these themselves."""
    reached: set[str] = set()
    ahead = list(starts)
    while ahead:
        if (name := ahead.pop()) not in reached:
            reached.add(name)
            ahead += ways[name]
    return reached


def _turning(steps: Mapping[str, Step], ways: Mapping[str, tuple[Edge, ...]]) -> set[str]:
    """The steps that a call comes back to by itself, without one on the way at which other people may end it."""
    alone = {
        name: [edge.to for edge in edges if edge.by_itself and not steps[edge.to].waits] if not steps[name].waits else []
        for name, edges in ways.items()
    }
    return {name for circle in _circles(alone) for name in circle}


def _circles(ways: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The steps from which one can come back, together with those on the way: Tarjan's algorithm, each way walked once."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}  # the first step, by number, that can be come back to; without those that are done
    done: set[str] = set()
    path: list[str] = []
    for start in ways:
        if start in number:
            continue
        walk = [(start, iter(ways[start]))]
        number[start] = lowest[start] = len(number)
        path.append(start)
        while walk:
            name, ahead = walk[-1]
            for to in ahead:
                if to not in number:
                    number[to] = lowest[to] = len(number)
                    path.append(to)
                    walk.append((to, iter(ways[to])))
                    break
                if to not in done:
                    lowest[name] = min(lowest[name], number[to])
            else:
                walk.pop()
                if walk:
                    before = walk[-1][0]
                    lowest[before] = min(lowest[before], lowest[name])
                if lowest[name] == number[name]:
                    circle = _cut(path, name)
                    done.update(circle)
                    if len(circle) > 1 or name in ways[name]:
                        yield circle


def _cut(path: list[str], name: str) -> list[str]:
    """Take the end of the path, from that step on."""
    circle = []
    while True:
        circle.append(path.pop())
        if circle[-1] == name:
            return circle
