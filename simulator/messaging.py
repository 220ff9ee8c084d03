"""What becomes of a message: delivery of outgoing ones, the webhook and its answer for incoming ones."""

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from simulator import documents
from simulator.addresses import is_web_address, resolve
from simulator.callbacks import Callbacks
from simulator.calls import Target
from simulator.clock import Clock
from simulator.consent import OptOuts
from simulator.faults import Faults
from simulator.lines import AccountNumber
from simulator.messages import MAX_BODY, MAX_MEDIA, Media, Message, MessageStatus
from simulator.numbering import parse_number
from simulator.parameters import message_status_params
from simulator.phones import Phones
from simulator.twiml import Alarm, Verb
from simulator.webhooks import Hook, Webhooks

STEPS = ((0.1, MessageStatus.SENDING), (0.2, MessageStatus.SENT), (0.5, MessageStatus.DELIVERED))
MAX_REPLIES, REPLY_WINDOW = 15, timedelta(seconds=30)
MAX_DOCUMENTS = 10
UNREACHABLE = (30003, "Unreachable destination handset")


class Messaging:
    """All messages, and what carries them."""

    def __init__(
        self,
        clock: Clock,
        webhooks: Webhooks,
        callbacks: Callbacks,
        faults: Faults,
        phones: Phones,
        numbers: Mapping[str, AccountNumber],
        account_sid: str,
    ) -> None:
        self.messages: dict[str, Message] = {}
        self.opt_outs = OptOuts()
        self._clock = clock
        self._webhooks = webhooks
        self._callbacks = callbacks
        self._faults = faults
        self._phones = phones
        self._numbers = numbers
        self._account_sid = account_sid
        self._replies: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)

    def send(self, message: Message) -> None:
        """Carry an outgoing message to its phone, or to another number of the account."""
        self.messages[message.sid] = message
        self._clock.spawn(self._deliver(message), f"message {message.sid}")

    def receive(self, message: Message) -> None:
        """Take an incoming message, from a phone or from a number of the account."""
        self.messages[message.sid] = message
        self._clock.spawn(self._announce(message), f"message {message.sid}")

    def reply(
        self,
        sender: str,
        to: str,
        body: str,
        callback: Target | None,
        alarm: Alarm,
        media: tuple[Media, ...] = (),
        direction: str = "outbound-reply",
    ) -> None:
        """Send what a TwiML document asks for; what Twilio would refuse is told to `alarm` and not sent."""
        number, sender = parse_number(to), parse_number(sender) or ""
        if callback is not None and not is_web_address(callback.url):
            alarm(14105, "Invalid statusCallback attribute", "warning")
            callback = None
        if number is None:
            alarm(14101, "Invalid To attribute", "error")
        elif sender not in self._numbers:
            alarm(14102, "Invalid From attribute", "error")
        elif (not body and not media) or len(body) > MAX_BODY:
            alarm(14103, "Invalid Body", "error")
        elif len(media) > MAX_MEDIA or not all(is_web_address(item.url) for item in media):
            alarm(21620, "Invalid media URL(s)", "error")
        elif self.opt_outs.blocked(sender, number):
            alarm(21610, "Attempt to send to unsubscribed recipient", "error")
        elif self._too_many(sender, number):
            alarm(14107, "SMS send rate limit exceeded", "error")
        else:
            self.send(self._outgoing(direction, sender, number, body, callback, media))

    def _outgoing(
        self,
        direction: str,
        sender: str,
        to: str,
        body: str,
        callback: Target | None = None,
        media: tuple[Media, ...] = (),
    ) -> Message:
        now = self._clock.now()
        return Message(self._account_sid, direction, sender, to, body, MessageStatus.QUEUED, now, media, status_target=callback)

    def _too_many(self, sender: str, to: str) -> bool:
        """Guard against two machines that answer each other: 15 replies between two numbers in 30 seconds."""
        sent, now = self._replies[sender, to], self._clock.now()
        while sent and now - sent[0] > REPLY_WINDOW:
            sent.popleft()
        sent.append(now)
        return len(sent) > MAX_REPLIES

    async def _deliver(self, message: Message) -> None:
        self._report(message)
        for seconds, status in STEPS:
            before = message.status
            await self._clock.sleep(seconds)
            if message.status is not before or message.sid not in self.messages:
                return  # canceled or deleted meanwhile
            if status is MessageStatus.SENT:
                message.sent_at = self._clock.now()
            if status is MessageStatus.DELIVERED and self._faults.take("message", message.to_number):
                status = MessageStatus.UNDELIVERED
                message.error_code, message.error_message = UNREACHABLE
            self._change(message, status)
            self._report(message)
        if message.status is MessageStatus.DELIVERED:
            self._hand_over(message)

    def _hand_over(self, message: Message) -> None:
        if message.to_number not in self._numbers:
            self._phones.get(message.to_number).keep(message)
            return
        arrived = Message(
            self._account_sid,
            "inbound",
            message.from_number,
            message.to_number,
            message.body,
            MessageStatus.RECEIVED,
            self._clock.now(),
            message.media,
        )
        self.receive(arrived)

    async def _announce(self, message: Message) -> None:
        line = self._numbers[message.to_number]
        answer = self.opt_outs.hear(message.to_number, message.from_number, message.body)
        if answer is not None:
            self.send(self._outgoing("outbound-reply", message.to_number, message.from_number, answer))
        target: Target | None = line.sms
        asked = 0
        while target is not None:
            fetched = await documents.fetch_message_document(self._webhooks, message, target, line.sms_fallback)
            if fetched is None:
                return
            asked += 1
            if asked == MAX_DOCUMENTS:
                fetched.alarm(14106, "Document retrieval limit reached", "error")
                return
            target = self._carry_out(message, fetched)

    def _carry_out(self, message: Message, fetched: documents.Fetched) -> Target | None:
        """Perform the verbs of an answer; a target says where the next document is."""
        for verb in fetched.verbs:
            method = verb.get("method", "POST").upper()
            if method not in {"GET", "POST"}:
                fetched.alarm(13710 if verb.name == "Redirect" else 14104, "Invalid Method attribute", "warning")
                method = "POST"
            if verb.name == "Redirect":
                return Target(resolve(fetched.base_url, verb.text), method)
            self._reply_with(message, verb, method, fetched)
        return None

    def _reply_with(self, message: Message, verb: Verb, method: str, fetched: documents.Fetched) -> None:
        bodies = [part.text for part in verb.parts("Body")]
        media = tuple(Media(resolve(fetched.base_url, part.text)) for part in verb.parts("Media"))
        address = verb.get("action") or verb.get("statusCallback")
        callback = Target(resolve(fetched.base_url, address), method) if address else None
        to, sender = verb.get("to") or message.from_number, verb.get("from") or message.to_number
        if to == sender:
            fetched.alarm(14101, "The destination number can not be the originating number", "error")
            return
        self.reply(sender, to, " ".join(bodies) or verb.own_text, callback, fetched.alarm, media)

    def _change(self, message: Message, status: MessageStatus) -> None:
        message.status = status
        message.updated_at = self._clock.now()

    def _report(self, message: Message) -> None:
        target = message.status_target
        if target is not None:
            params = message_status_params(message, self._clock.now())
            self._callbacks.post(Hook("message-status", message.sid, target.url, target.method, params))
