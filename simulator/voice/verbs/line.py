"""Being on the line without a document: talking with others, or waiting with music."""

from simulator.addresses import Target
from simulator.voice.calls import NO_TIME, Circumstances, Condition, Instructions
from simulator.voice.stage import HangUp, LeaveQueue, Outcome, Stage

SECONDS_BEFORE_ASKING_AGAIN = 1.0


async def talk(stage: Stage, stars: bool, parted: Condition, seconds: float | None = None) -> bool:
    """Let the caller talk until the parties have parted or the time is over; True says that the caller pressed the star."""
    call = stage.call

    def pressed_star() -> bool:
        keys = "".join(item.text for item in call.inputs if item.kind == "digits")
        call.inputs.clear()
        return stars and "*" in keys

    starred = False

    def over() -> bool:
        nonlocal starred
        starred = starred or pressed_star()
        return starred or parted()

    await stage.hold_until(over, seconds)
    return starred


async def wait_with_music(
    stage: Stage, music: Target | None, silent: bool, over: Condition, circumstances: Circumstances
) -> Outcome:
    """Pass the time until the waiting is over: with the documents of an address, again and again, with music, or in silence.

    What a document ends with other than its end is returned: HangUp or LeaveQueue.
    """
    call = stage.call
    if music is None:
        if not silent:
            stage.note("Music", "")
        await stage.hold_until(over)
        return None
    while not over():
        before = call.seconds_spent
        outcome = await call.unless(over, stage.telephony.carry_out(call, Instructions(music), circumstances))
        if isinstance(outcome, HangUp | LeaveQueue):
            return outcome
        if call.seconds_spent - before < NO_TIME:  # a document of no length must not be asked for without end
            await stage.hold_until(over, SECONDS_BEFORE_ASKING_AGAIN)
    return None
