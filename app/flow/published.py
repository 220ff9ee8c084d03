"""The clips and pictures of a flow: whatever it names becomes public, so it must lie in the flow's own folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.flow.faults import shown
from app.flow.files import Read
from app.flow.prompts import CLIPS, PICTURES, Part
from app.flow.steps import Conference

LARGEST_CLIP = 40_000_000  # bytes
LARGEST_PICTURES = 5_000_000  # bytes of all in one text (https://www.twilio.com/docs/messaging/guides/accepted-mime-types)


@dataclass(frozen=True)
class PublicFile:
    """A file that Twilio may fetch: `name` is the public one, which nobody guesses and which changes with the content."""

    name: str
    path: Path
    media_type: str
    size: int


def publish(part: Read) -> dict[str, PublicFile]:
    """The files that a flow file names, by what it calls them; those that cannot be published are its faults."""
    files: dict[str, PublicFile] = {}
    for place, name, kinds in named_files(part):
        if "://" in name or name in files:
            continue
        try:
            files[name] = _public_file(part.path.parent, name, kinds)
        except ValueError as error:
            part.fault(place, str(error))
    for place, reply in part.file.texts.replies():
        if sum(files[name].size for name in reply.pictures if name in files) > LARGEST_PICTURES:
            part.fault(place, f"has `pictures` that are too large: Twilio sends {_megabytes(LARGEST_PICTURES)} in all")
    return files


def _public_file(folder: Path, name: str, kinds: Mapping[str, str]) -> PublicFile:
    path = folder / name
    try:
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()):
            why = "all that a flow names is public"
            raise ValueError(f"names the file {shown(name)}, which is not in the folder of the flow; put it there: {why}")
        if not real.is_file():
            what = "is a folder" if real.is_dir() else f"is missing: there is no {path.name[:60]} in {path.parent}"
            raise ValueError(f"names the file {shown(name)}, which {what}")
        size = real.stat().st_size
        if kinds is CLIPS and size > LARGEST_CLIP:
            raise ValueError(f"names the file {shown(name)}, which is too large: a clip has at most {_megabytes(LARGEST_CLIP)}")
        digest = sha256(real.read_bytes()).hexdigest()[:20]
    except (OSError, RuntimeError):  # RuntimeError: links that lead round in a circle
        raise ValueError(f"names the file {shown(name)}, which cannot be read") from None
    suffix = path.suffix.lower()
    return PublicFile(f"{digest}{suffix}", real, kinds[suffix], size)


def _megabytes(size: int) -> str:
    return f"{size // 1_000_000} MB"


def named_files(part: Read) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Each clip and picture that a file names: where it is named, its name, and the kinds of files that may stand there."""
    for name, step in part.steps.items():
        for field in type(step).model_fields:
            for clip in _clips(getattr(step, field)):
                yield f"step {name}", clip, CLIPS
        if isinstance(step, Conference) and step.music:
            yield f"step {name}", step.music, CLIPS
    for field in type(part.file.announcement).model_fields:
        for clip in _clips(getattr(part.file.announcement, field)):
            yield f"announcement.{field}", clip, CLIPS
    for clip in _clips(part.file.sorry):
        yield "sorry", clip, CLIPS
    for place, reply in part.file.texts.replies():
        for picture in reply.pictures:
            yield place, picture, PICTURES


def _clips(value: object) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else ():
        if isinstance(item, Part) and item.play:
            yield item.play
