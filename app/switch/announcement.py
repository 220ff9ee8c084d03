"""An announcement: a text that a placed call says, with a key to hear it again and one to acknowledge it."""

from collections.abc import Callable
from dataclasses import dataclass

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Gather, VoiceResponse

from app.flow.files import FlowFile
from app.ledger import Outcome
from app.switch.turns import Answer, Asked, Switch
from app.twiml import field, url_field

# Bytes in one Say. The limits (https://www.twilio.com/docs/api/errors/13521) differ by voice, the lowest being 3,000 bytes, and
# 4,500 characters when percent-encoded, which makes three of a byte.
LONGEST_SAY = 1000
SENTENCE_ENDS = (b". ", b"! ", b"? ", b"\n", "。".encode())


@dataclass(frozen=True)
class Announced:
    """What one call says, and what it was asked; `acknowledge`: a key is wanted."""

    switch: Switch
    asked: Asked
    text: str
    acknowledge: bool

    def begin(self) -> Answer:
        """By who has answered (https://www.twilio.com/docs/voice/answering-machine-detection): nobody says means a person.

        A machine that is told after its beep gets the text; one that is told at once is hung up on, and a fax, too.
        """
        answered_by = self.asked.value("AnsweredBy")
        if answered_by.startswith("machine_end_"):
            return self._answer("left", self._say)
        if answered_by.startswith("machine_") or answered_by == "fax":
            return self._hang_up()
        return self._ask("said")

    def answered(self) -> Answer:
        """After a key, or none. Where no key was wanted, whoever presses none has heard enough."""
        words = self._file.announcement
        digits = self.asked.value("Digits")
        if digits == words.repeat_key:
            return self._ask("said")
        if self.acknowledge and digits == words.acknowledge_key:
            return self._answer("acknowledged", self._thank, "acknowledged")
        if self.asked.turn < words.tries and (digits or self.acknowledge):
            return self._ask("asked again", self.asked.turn + 1)
        return self._hang_up()

    @property
    def _flow(self) -> str:
        return self.switch.flow.name_for(self.asked.line)

    @property
    def _file(self) -> FlowFile:
        return self.switch.flow.file_for(self.asked.line)

    def _ask(self, variant: str, turn: int | None = None) -> Answer:
        """Ask for a key, after the text where that is to be `said`; to hear it again is no failed try."""
        turn = turn or self.asked.turn
        words = self._file.announcement

        def build(response: VoiceResponse) -> None:
            address = f"{self.switch.url('announcement', 'answered')}?attempt={url_field('attempt')}"
            gather = Gather(
                action=f"{address}&turn={turn}" if turn > 1 else address,
                input="dtmf",
                num_digits=1,
                timeout=words.timeout,
                finish_on_key="",
                action_on_empty_result=True,
            )
            if variant == "said":
                self._say(gather)
            asked = words.ask_to_acknowledge if self.acknowledge else words.ask
            self.switch.speak(gather, asked, self._file, self._flow)
            response.append(gather)

        return self._answer(f"{variant} {turn} {self.acknowledge}", build)

    def _say(self, verb: VoiceResponse | Gather) -> None:
        for number in range(len(parts(self.text))):
            verb.say(field(str(number)), voice=self._file.voice, language=self._file.language)

    def _thank(self, response: VoiceResponse) -> None:
        self.switch.speak(response, self._file.announcement.acknowledged, self._file, self._flow)
        response.hangup()

    def _hang_up(self) -> Answer:
        return self._answer("end", lambda response: response.hangup())

    def _answer(self, variant: str, build: Callable[[VoiceResponse], object], outcome: Outcome | None = None) -> Answer:
        """The document of that variant, built the first time that it is asked for; the text is filled in, as it is."""
        said = parts(self.text)
        key = ("announcement", self._flow, variant, len(said))

        def built() -> TwiML:
            response = VoiceResponse()
            build(response)
            return response

        document = self.switch.document(key, built)
        return Answer(document.fill(lambda name: said[int(name)] if name.isdecimal() else self.asked.field(name)), outcome)


def parts(text: str) -> list[str]:
    """A text as pieces that fit in a Say each, parted where a speaker would pause."""
    rest, pieces = text.strip().encode(), []
    while len(rest) > LONGEST_SAY:
        ends = [place + len(end) for end in SENTENCE_ENDS if (place := rest.rfind(end, 0, LONGEST_SAY)) > 0]
        cut = max(ends) if ends else rest.rfind(b" ", 0, LONGEST_SAY) + 1 or LONGEST_SAY
        while rest[cut] & 0xC0 == 0x80:  # inside of a character
            cut -= 1
        pieces.append(rest[:cut].decode())
        rest = rest[cut:]
    pieces.append(rest.decode())
    return [piece.strip() for piece in pieces if piece.strip()]
