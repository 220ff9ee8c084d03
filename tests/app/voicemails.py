"""A flow with a voicemail, callers who leave messages, and what became of them."""

from town import LINE, Town
from visitors import Browser

from app.ledger import recordings
from app.models import Recording

OWNER, SECOND = "+15550003333", "+15550005555"
PEOPLE = f"""
[people]
reception = ["{OWNER}", "client:anna"]
ben = "{SECOND}"
"""
VOICEMAIL = f"""
{PEOPLE}
[steps.start]
kind = "voicemail"
say = "Leave a message."
transcribe = true
text_to = ["reception", "ben", "{OWNER}"]
next = "thanks"
[steps.thanks]
say = "Thank you."
"""
PLAIN = VOICEMAIL.replace("transcribe = true", "transcribe = false")
TALK = f"""
{PEOPLE}
[steps.start]
kind = "dial"
to = "ben"
record = true
"""
WORDS = "please call me back as soon as you can"


def leave(town: Town, words: str = WORDS, seconds: float = 6, *, hang_up: bool = False) -> None:
    """Call and leave a message of that length, which the silence after it or hanging up ends."""
    town.phone.call(LINE)
    town.phone.expect_beep()
    town.phone.speak(words, seconds)
    if hang_up:
        town.sim.advance(seconds)
        town.phone.hangup()
    town.sim.advance(seconds + 60)


def kept(town: Town) -> list[Recording]:
    with town.app.app_context():
        return list(recordings.latest(99))


def texts(town: Town, number: str = OWNER) -> list[str]:
    return [message["body"] for message in town.sim.phone(number).messages if message["from"] == LINE]


def told(town: Town, path: str) -> list[tuple[int, str | None]]:
    """How the application answered the webhooks to that path: HTTP status, and Twilio's code for it."""
    return [(each["status"], each["error_code"]) for each in town.sim.requests() if path in each["url"]]


def at_twilio(town: Town, sid: str) -> int:
    """The HTTP status with which Twilio gives the recording's metadata."""
    return town.rest("GET", f"Recordings/{sid}.json").status_code


def signed_in(town: Town) -> Browser:
    town.browser.sign_in()
    return town.browser
