"""The ways through a flow: what nobody reaches, and what nobody leaves."""

from collections.abc import Iterable, Iterator, Mapping

from app.flow.steps import Edge, Reject, Step


def faults(steps: Mapping[str, Step], ways: Mapping[str, tuple[Edge, ...]], starts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each step that cannot work where it stands, with a sentence; `ways` are its edges, whose targets all exist."""
    reached = _reached(starts, {name: [edge.to for edge in edges] for name, edges in ways.items()})
    for name in steps:
        if name not in reached:
            yield name, "is never reached: no step leads to it, and no call begins with it (`start`, `placed`)"
    backwards: dict[str, list[str]] = {name: [] for name in steps}
    for name, edges in ways.items():
        for edge in edges:
            backwards[edge.to].append(name)
    can_end = _reached((name for name, step in steps.items() if step.ends), backwards)
    for name in steps:
        if name in reached and name not in can_end:
            yield name, "has no way out: whatever the caller does, the call goes round for ever"
    for name in _turning(steps, ways):
        if name in reached and name in can_end:
            yield name, "comes back to itself while the caller does nothing: a silent call would never end"
    for name, step in steps.items():
        if isinstance(step, Reject):
            for before in backwards[name]:
                if before in reached and _is_answered(before, steps, backwards, reached):
                    yield name, f"cannot reject the call: step {before} comes before it, and the call is answered by then"
                    break


def _reached(starts: Iterable[str], ways: Mapping[str, Iterable[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = list(starts)
    while ahead:
        if (name := ahead.pop()) not in reached:
            reached.add(name)
            ahead += ways[name]
    return reached


def _turning(steps: Mapping[str, Step], ways: Mapping[str, tuple[Edge, ...]]) -> Iterator[str]:
    """The steps that a call comes back to by itself, without one on the way at which other people may end it."""
    alone = {
        name: [edge.to for edge in edges if edge.by_itself and not steps[edge.to].waits] if not steps[name].waits else []
        for name, edges in ways.items()
    }
    for name in alone:
        if name in _reached(alone[name], alone):
            yield name


def _is_answered(name: str, steps: Mapping[str, Step], backwards: Mapping[str, list[str]], reached: set[str]) -> bool:
    """Whether a call may have been picked up when it leaves a step: there, or at one before it."""
    return any(steps[before].answers for before in _reached([name], backwards) & reached)
