"""What a step does, in words: for the picture of a flow, and the list beside it."""

from app.flow.prompts import Part
from app.flow.steps import Callers, Conference, Dial, Hours, Queue, Redirect, Reject, Sms, Step, Take, Voicemail

GROUPS = {
    "say": "talk",
    "menu": "talk",
    "hours": "branch",
    "callers": "branch",
    "dial": "people",
    "queue": "people",
    "take": "people",
    "conference": "people",
    "voicemail": "message",
    "sms": "message",
    "redirect": "end",
    "reject": "end",
    "hangup": "end",
}


def kind_of(step: Step) -> str:
    """The kind of a step, as the flow file has it."""
    kind: str = type(step).model_fields["kind"].default
    return kind


def heard(prompt: object) -> str:
    """What is heard, with clips by their names."""
    parts = prompt if isinstance(prompt, tuple) else ()
    words = [part.say or (f"♪ {part.play.rpartition('/')[2]}" if part.play else "") for part in parts if isinstance(part, Part)]
    return " ".join(" ".join(words).split())


def does(step: Step) -> str:
    """What a step does besides what it says; "" where its kind says it all."""
    match step:
        case Hours():
            return f"the hours “{step.hours}”"
        case Callers():
            return f"calls from {', '.join(step.numbers)}"
        case Dial():
            return f"rings {', '.join(step.to)}" + (f" {step.order}" if len(step.to) > 1 else "")
        case Queue():
            return f"waits in “{step.queue}”"
        case Take():
            return f"takes the next of “{step.queue}”"
        case Conference():
            return f"joins “{step.room}”" + (" after a PIN" if step.pin else "")
        case Voicemail():
            return "records a message" + (f" for {', '.join(step.text_to)}" if step.text_to else "")
        case Sms():
            return f"texts {'the caller' if step.to == 'caller' else step.to}: {' '.join(step.body.split())}"
        case Redirect() if "://" in step.to:
            return step.to
        case Reject():
            return step.reason
    return ""


def ending(step: Step) -> str:
    """Where the call can end here, and not by a step that follows; "" where it cannot."""
    if not step.ends or kind_of(step) in ("hangup", "reject", "redirect"):
        return ""
    return "else the call ends" if any(True for _ in step.edges()) else "then the call ends"
