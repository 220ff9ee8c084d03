"""A phone in a test: what a person does with it, and what is expected to be heard."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from simulator.driver import Simulator

PATIENCE = 60.0  # seconds


class Refused(Exception):
    """The simulator refused what was asked; `status` is HTTP's, `code` and the text are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


class Handset:
    """One phone of the simulator, used over its HTTP interface."""

    def __init__(self, simulator: "Simulator", number: str) -> None:
        self.number = number
        self._simulator = simulator
        self._path = f"/phones/{quote(number, safe='')}"
        self._heard = 0  # lines of the transcript that were expected already, or passed over
        self._call_sid: str | None = None
        self._read = 0  # texts likewise

    @property
    def state(self) -> dict[str, Any]:
        """Everything about the phone, as `GET /phones/{number}` gives it."""
        return self._simulator.ask("GET", self._path)

    @property
    def transcript(self) -> list[dict[str, Any]]:
        """The lines of the current or last call."""
        lines: list[dict[str, Any]] = self.state["transcript"]
        return lines

    @property
    def said(self) -> list[str]:
        """What Twilio said in the current or last call."""
        return [line["text"] for line in self.transcript if line["verb"] == "Say"]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The texts that the phone has sent and received, oldest first."""
        texts: list[dict[str, Any]] = self.state["messages"]
        return texts

    def on_ring(self, habit: Literal["ring", "answer", "busy", "no-answer", "machine", "failed"]) -> None:
        """Set what the phone does when it rings."""
        self._do("", on_ring=habit)

    def on_text(self, habit: Literal["receive", "off", "unknown", "landline", "filtered", "lost"]) -> None:
        """Set what becomes of texts to the phone."""
        self._do("", on_text=habit)

    def call(self, to: str, **parameters: str) -> str:
        """Call a number of the account, or as a client whomever, with parameters of its own; returns the call's SID."""
        return str(self._do("/call", to=to, parameters=parameters)["sid"])

    def answer(self) -> None:
        """Pick up."""
        self._do("/answer")

    def reject(self) -> None:
        """Refuse the call that rings."""
        self._do("/reject")

    def hangup(self) -> None:
        """Hang up."""
        self._do("/hangup")

    def press(self, digits: str) -> None:
        """Press keys."""
        self._do("/press", digits=digits)

    def speak(self, text: str, seconds: float = 0.0) -> None:
        """Say something, for some seconds or as long as its words take."""
        self._do("/speak", text=text, seconds=seconds)

    def text(self, to: str, body: str = "", media: Sequence[str] = ()) -> str:
        """Send a text to a number of the account; returns the message's SID."""
        return str(self._do("/text", to=to, body=body, media=list(media))["sid"])

    def expect_say(self, text: str, within: float = PATIENCE) -> str:
        """Let time pass until Twilio says something that holds a text; returns all that it says. See `expect`."""
        return str(self.expect("Say", text, within)["text"])

    def expect_play(self, address: str = "", within: float = PATIENCE) -> str:
        """Let time pass until a sound is played whose address holds a text; returns the address."""
        return str(self.expect("Play", address, within)["text"])

    def expect_beep(self, within: float = PATIENCE) -> None:
        """Let time pass until the beep after which a recording starts."""
        self.expect("Beep", "", within)

    def expect_speech(self, text: str, within: float = PATIENCE) -> str:
        """Let time pass until another person on the line says something that holds a text."""
        return str(self.expect("Speak", text, within)["text"])

    def expect(self, verb: str, text: str, within: float = PATIENCE) -> dict[str, Any]:
        """Let time pass, at most some seconds, until a line of the transcript has a verb and holds a text.

        Each line is expected once: the search goes on behind the line that was found last. AssertionError shows what was
        heard instead, and what went wrong with the webhooks.
        """

        def find() -> int | None:
            lines = self._lines()
            wanted = (n for n in range(self._heard, len(lines)) if lines[n]["verb"] == verb and text in lines[n]["text"])
            return next((n for n in wanted if lines[n]["speaker"] != "phone"), None)

        self._simulator.wait_until(lambda: find() is not None, within)
        place = find()
        if place is None:
            raise AssertionError(f"{self.number} did not hear {verb} {text!r} within {within:g} seconds.\n{self._account()}")
        line = self._lines()[place]
        self._heard = place + 1
        return line

    def expect_ring(self, within: float = PATIENCE) -> dict[str, Any]:
        """Let time pass until the phone rings; returns the call. It is not answered unless `answer` says so."""
        self.on_ring("ring")
        self._expect_state("ringing", within)
        call: dict[str, Any] = self.state["current_call"]
        return call

    def expect_hangup(self, within: float = PATIENCE) -> None:
        """Let time pass until the phone is in no call."""
        self._expect_state("idle", within)

    def expect_text(self, text: str = "", within: float = PATIENCE) -> dict[str, Any]:
        """Let time pass until a text arrives that holds a text; returns it. Each one is expected once."""
        phone = self._simulator.exchange.phone(self.number)

        def find() -> int | None:
            found = range(self._read, len(phone.messages))
            arrived = (n for n in found if phone.messages[n].from_number != self.number and text in phone.messages[n].body)
            return next(arrived, None)

        self._simulator.wait_until(lambda: find() is not None, within)
        place = find()
        if place is None:
            raise AssertionError(f"{self.number} got no text with {text!r} within {within:g} seconds.\n{self._account()}")
        self._read = place + 1
        return self.messages[place]

    def _lines(self) -> list[dict[str, Any]]:
        """List the lines of the current or last call; another call than before is heard from its beginning."""
        phone = self._simulator.exchange.phone(self.number)
        call = phone.current or phone.last
        if call is None:
            return []
        if call.sid != self._call_sid:
            self._call_sid, self._heard = call.sid, 0
        return call.transcript

    def _expect_state(self, state: str, within: float) -> None:
        phone = self._simulator.exchange.phone(self.number)
        if not self._simulator.wait_until(lambda: phone.state == state, within):
            raise AssertionError(
                f"{self.number} was not {state} within {within:g} seconds, but is {phone.state}.\n{self._account()}"
            )

    def _account(self) -> str:
        """Tell what was heard, and what the debugger would say."""
        heard = [f"  {line['speaker']}: {line['verb']} {line['text']}" for line in self._lines()] or ["  nothing"]
        requests = self._simulator.requests()
        alerts = [f"  {entry['url']}: {alert['code']} {alert['text']}" for entry in requests for alert in entry["alerts"]]
        return "\n".join(["Heard:", *heard, *(["Errors and warnings:", *alerts] if alerts else [])])

    def _do(self, action: str, **body: Any) -> dict[str, Any]:
        return self._simulator.ask("POST", self._path + action, body)
