"""What /make_call is asked to let be heard, read from what was sent."""

from collections.abc import Collection, Mapping

from app.errors import InvalidRequest
from app.outbound import Heard
from app.twilio_service import Machine

PARAMETERS = ("to", "step", "say", "acknowledge", "machine")
MACHINES: dict[str, Machine] = {"leave": "leave", "hangup": "hangup"}
MAX_ANNOUNCED = 4096  # characters; it is said in parts, each as long as a voice can take
SHOWN = 40  # characters of a name that nobody knows


def heard(given: Mapping[str, str], entries: Collection[str]) -> Heard:
    """What is to be heard; an empty choice is none, as forms send it. `entries` are the steps to begin at.

    Raises InvalidRequest.
    """
    step, say = given.get("step") or None, given.get("say")
    acknowledge, machine = given.get("acknowledge") or "no", given.get("machine", "")
    if step and say is not None:
        raise InvalidRequest("Give `step`, a step of the flow to begin at, or `say`, an announcement, but not both.")
    if step and step not in entries:
        known = ", ".join(f"`{name}`" for name in sorted(entries))
        raise InvalidRequest(f"Placed calls cannot begin at the step `{step[:SHOWN]}`; they can at {known}.")
    if say is None and (given.get("acknowledge") or machine):
        raise InvalidRequest("`acknowledge` and `machine` are for an announcement: give `say`, its text, too.")
    if say is not None and (not say.strip() or len(say) > MAX_ANNOUNCED):
        raise InvalidRequest(f"`say`, the announcement, has 1 to {MAX_ANNOUNCED:,} characters; this one has {len(say.strip()):,}.")
    if acknowledge not in ("yes", "no"):
        raise InvalidRequest("`acknowledge` is `yes`, to ask for a key, or `no`.")
    if machine and machine not in MACHINES:
        raise InvalidRequest("`machine` is `leave`, to leave the announcement after the beep, or `hangup`.")
    return Heard(step, say, acknowledge == "yes", MACHINES.get(machine))
