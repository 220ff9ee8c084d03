"""What becomes of a message: delivery of outgoing ones, the webhook and its answer for incoming ones.

outgoing  accepted | scheduled (of a messaging service) -> queued -> sending -> sent -> delivered | undelivered
                                                        -> failed (it never left) | canceled
incoming  received

Twilio reports no status that a message starts with:
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.addresses import Home, Target, is_web_address
from simulator.clock import Clock
from simulator.lines import AccountNumber
from simulator.numbering import parse_near, parse_number
from simulator.phones import Phones
from simulator.records import Records
from simulator.texts import documents
from simulator.texts.attachments import take_files
from simulator.texts.consent import OptOuts
from simulator.texts.conversations import REPLY_LIMIT, Conversations
from simulator.texts.media import MAX_FILES, File, MediaError, MediaStore
from simulator.texts.messages import MAX_BODY, Message, MessageStatus
from simulator.texts.parameters import message_status_params
from simulator.texts.replies import Answer, Draft
from simulator.texts.senders import LONGEST_WAIT, Outbox, SenderPool
from simulator.twiml.document import Alarm
from simulator.web.callbacks import Callbacks
from simulator.web.cookies import Cookies
from simulator.web.faults import Faults
from simulator.web.webhooks import Hook, Webhooks

STEPS = ((0.1, MessageStatus.SENDING), (0.2, MessageStatus.SENT), (0.5, MessageStatus.DELIVERED))
ACCEPTANCE = 0.1  # seconds until a service has chosen a sender
TRIAL_PREFIX = "Sent from your Twilio trial account - "


class Withdrawn(Exception):
    """The message was canceled or deleted on its way."""


@dataclass(frozen=True)
class Terms:
    """What the account may do: how fast it may answer, what its texts begin with, whom they reach; and how many are kept."""

    reply_limit: int = REPLY_LIMIT
    prefix: str = ""
    reaches: Callable[[str], bool] = lambda number: True
    rate: float = 0.0
    service_sid: str | None = None
    keep: int = 10_000


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
        home: Home,
        terms: Terms,
    ) -> None:
        self.messages: Records[Message] = Records(terms.keep, self._forget)
        self.opt_outs = OptOuts()
        self.media = MediaStore(home)
        self.terms = terms
        self._clock = clock
        self._webhooks = webhooks
        self._callbacks = callbacks
        self._faults = faults
        self._phones = phones
        self._numbers = numbers
        self._account_sid = account_sid
        self._conversations = Conversations()
        self._outbox = Outbox(terms.rate)
        self._pool = SenderPool()

    def send(self, message: Message, failure: int | None = None) -> None:
        """Carry an outgoing message to its phone, or to another number of the account; with a failure it ends at once."""
        self.messages[message.sid] = message
        self._clock.spawn(self._deliver(message, failure), f"message {message.sid}")

    def receive(self, message: Message, files: list[File]) -> None:
        """Take an incoming message with its files, from a phone or from a number of the account."""
        self.messages[message.sid] = message
        for file in files:
            self.media.keep(message, file, self._clock.now())
        self._clock.spawn(self._announce(message), f"message {message.sid}")

    def opted_out(self, sender: str, recipient: str) -> bool:
        """Tell whether a recipient wants no texts from a number, or from any where a messaging service has them all."""
        return self.opt_outs.blocked(self.terms.service_sid or sender, recipient)

    def is_full(self, sender: str) -> bool:
        """Tell whether so much waits before a number that it takes nothing more."""
        return self._outbox.wait(sender, self._clock.now()) > LONGEST_WAIT

    def cancel(self, message: Message) -> None:
        """Take back a message that has not left yet."""
        message.move(MessageStatus.CANCELED, self._clock.now())
        self._report(message)

    def _forget(self, message: Message) -> None:
        """Let go of what a message that is no longer remembered has left elsewhere."""
        self.media.forget_all(message)
        self._phones.forget_message(message)

    def delete(self, message: Message) -> None:
        """Forget a message and its files."""
        del self.messages[message.sid]
        self.media.forget_all(message)

    def reply(
        self, sender: str, to: str, body: str, callback: Target | None, alarm: Alarm, direction: str = "outbound-reply"
    ) -> Message | None:
        """Send what a verb asks for, as `answer` does."""
        return self.answer(Draft(sender, to, body, callback=callback), alarm, direction)

    def answer(self, draft: Draft, alarm: Alarm, direction: str = "outbound-reply") -> Message | None:
        """Send what a TwiML document asks for; what Twilio would refuse is told to `alarm` and not sent: None."""
        sender = parse_number(draft.sender) or ""
        to = parse_near(draft.to, sender)
        if to is None:
            alarm(14101, "Invalid To attribute", "warning")
        elif to == sender:
            alarm(14101, "The destination number can not be the originating number", "warning")
        elif sender not in self._numbers:
            alarm(14102, "Invalid From attribute", "warning")
        elif (not draft.body and not draft.files) or len(draft.body) > MAX_BODY:
            alarm(14103, "Invalid Body", "warning")
        elif len(draft.files) > MAX_FILES:
            alarm(21623, "Number of media files exceeds allowed limit", "error")
        elif not all(is_web_address(address) for address in draft.files):
            alarm(21620, "Invalid media URL(s)", "error")
        elif not self.terms.reaches(to):
            alarm(14111, "Invalid To phone number for Trial mode", "warning")
        elif self.opted_out(sender, to):
            alarm(21610, "Attempt to send to unsubscribed recipient", "error")
        else:
            message = self._outgoing(direction, sender, to, self.terms.prefix + draft.body, draft.files, draft.callback)
            now = self._clock.now()
            if self._conversations.between(sender, to, now).count_reply(now, self.terms.reply_limit):
                self.send(message)
            else:
                alarm(14107, "SMS send rate limit exceeded", "error")
                self.send(message, failure=14107)
            return message
        return None

    def _outgoing(
        self, direction: str, sender: str, to: str, body: str, files: tuple[str, ...] = (), callback: Target | None = None
    ) -> Message:
        now = self._clock.now()
        return Message(self._account_sid, direction, sender, to, body, MessageStatus.QUEUED, now, files, callback)

    async def _deliver(self, message: Message, failure: int | None) -> None:
        try:
            if message.service_sid is not None:
                failure = await self._enlist(message)
            if failure is None:
                failure = await self._queue(message)
            for seconds, status in STEPS:
                await self._rest(message, seconds)
                if status is MessageStatus.SENDING and failure is None:
                    failure = await self._prepare(message)
                elif status is MessageStatus.DELIVERED:
                    failure = self._hindrance(message)
                if failure is not None:
                    self._fail(message, failure)
                    return
                message.move(status, self._clock.now())
                if status is MessageStatus.SENT:
                    message.sent_at = message.updated_at
                self._report(message)
        except Withdrawn:
            return
        finally:
            self._callbacks.end(message.sid)
        self._hand_over(message)

    async def _rest(self, message: Message, seconds: float) -> None:
        """Let time pass; Withdrawn says that the message was canceled or deleted meanwhile."""
        before = message.status
        await self._clock.sleep(seconds)
        self._check(message, before)

    def _check(self, message: Message, before: MessageStatus) -> None:
        if message.status is not before or message.sid not in self.messages:
            raise Withdrawn

    def _fail(self, message: Message, code: int) -> None:
        """End a message: as undelivered where it had been sent, else as failed."""
        ending = MessageStatus.UNDELIVERED if message.sent_at is not None else MessageStatus.FAILED
        message.fail(ending, code, self._clock.now())
        self._report(message)

    async def _enlist(self, message: Message) -> int | None:
        """Wait for the time a service's message is to be sent at, and choose its sender; a code says why it cannot leave."""
        await self._rest(message, ACCEPTANCE if message.send_at is None else self._clock.until(message.send_at))
        sender = message.from_number or self._pool.choose(self._numbers, message.to_number)
        if sender is None:
            return 21703
        message.from_number = sender
        message.move(MessageStatus.QUEUED, self._clock.now())
        self._report(message)
        return 21610 if self.opted_out(sender, message.to_number) else None

    async def _queue(self, message: Message) -> int | None:
        """Wait for a message's turn at its number; a code says that it may not wait so long."""
        now = self._clock.now()
        if self._outbox.wait(message.from_number, now) > message.validity:
            await self._rest(message, message.validity)
            return 30036
        await self._rest(message, self._outbox.enter(message.from_number, message.segments, now))
        return None

    async def _prepare(self, message: Message) -> int | None:
        """Get everything that a message needs before it can leave; a code says that it cannot."""
        fault = self._faults.take("message", message.to_number, ("fail",), message.sid)
        if fault is not None:
            return fault.code
        before = message.status
        try:
            files = await take_files(self._webhooks, message.sid, message.files, message.body)
        except MediaError as error:
            return error.code
        self._check(message, before)
        for file in files:
            self.media.keep(message, file, self._clock.now())
        return None

    def _hindrance(self, message: Message) -> int | None:
        """Say by Twilio's code why a message does not arrive; None where it does."""
        fault = self._faults.take("message", message.to_number, ("undeliver",), message.sid)
        if fault is not None:
            return fault.code
        if message.to_number in self._numbers:
            return None
        return self._phones.get(message.to_number).hindrance

    def _hand_over(self, message: Message) -> None:
        if message.to_number not in self._numbers:
            self._phones.get(message.to_number).keep(message)
            return
        files = tuple(media.file for media in message.media)
        arrived = Message(
            self._account_sid,
            "inbound",
            message.from_number,
            message.to_number,
            message.body,
            MessageStatus.RECEIVED,
            self._clock.now(),
            files,
            service_sid=self.terms.service_sid,
        )
        self.receive(arrived, list(files))

    async def _announce(self, message: Message) -> None:
        reaction = self.opt_outs.hear(self.terms.service_sid or message.to_number, message.from_number, message.body)
        if reaction is not None:
            self.send(self._outgoing("outbound-reply", message.to_number, message.from_number, reaction))
        line = self._numbers.get(message.to_number)
        if line is None:
            return  # given back while the message was on its way
        conversation = self._conversations.between(message.to_number, message.from_number, self._clock.now())
        cookies = conversation.cookies or Cookies()
        answer = Answer(message, self.answer)
        target = line.sms
        while target is not None:
            fetched = await documents.fetch_message_document(self._webhooks, message, target, line.sms_fallback, cookies)
            conversation.keep_cookies(cookies)
            if fetched is None:
                return
            target = answer.carry_out(fetched)
            if target is not None and not answer.may_ask(fetched):
                return

    def _report(self, message: Message) -> None:
        target = message.status_target
        if target is not None:
            params = message_status_params(message, self._clock.now())
            self._callbacks.post(Hook("message-status", message.sid, target.url, target.method, params))
