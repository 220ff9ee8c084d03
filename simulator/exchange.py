"""What holds everything: the account, its numbers, its calls and messages, the phones, the record of webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

from simulator.addresses import Home
from simulator.clock import Clock
from simulator.config import Config
from simulator.keys import Key
from simulator.lines import METHODS, URLS, AccountNumber, Application, CallerId, reach
from simulator.numbering import country_of
from simulator.phones import Phone, PhoneError, Phones
from simulator.texts.attachments import take_files
from simulator.texts.media import File, MediaError
from simulator.texts.messages import Message, MessageStatus
from simulator.texts.messaging import TRIAL_PREFIX, Messaging, Terms
from simulator.voice.calls import Call, CallStatus, Input, Instructions
from simulator.voice.conferences import Conferences
from simulator.voice.queues import Queues
from simulator.voice.recordings import Recordings
from simulator.voice.telephony import Telephony
from simulator.web.callbacks import Callbacks
from simulator.web.faults import Faults
from simulator.web.journal import Journal
from simulator.web.webhooks import Webhooks

DEFAULT_PHONE = "+15550002222"
NOT_IN_SERVICE = Instructions(twiml="<Response><Reject/></Response>")


@dataclass(frozen=True)
class Account:
    """Who asks the REST API; test credentials have no effects but answers."""

    sid: str
    token: str
    test: bool = False


class Exchange:
    """One account of the simulated Twilio, with everything that belongs to it."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.started_at = clock.now()
        self.service_sid = config.messaging_service_sid or None
        self.friendly_name = "Simulated account"
        self.accounts = [Account(config.account_sid, config.auth_token)]
        if config.test_account_sid:
            self.accounts.append(Account(config.test_account_sid, config.test_auth_token, test=True))
        self.numbers = {number: AccountNumber(config.account_sid, number, self.started_at) for number in config.numbers}
        self.applications: dict[str, Application] = {}
        self.caller_ids = {number: CallerId(config.account_sid, number, self.started_at) for number in config.caller_ids}
        self.keys: dict[str, Key] = {}
        self.rest_requests: set[object] = set()  # those that are answered now
        self.point(**{name: getattr(config, name) for name in URLS | METHODS})
        self.home = Home(config.public_url or f"http://{config.host}:{config.port}")
        self.journal = Journal(config.keep_requests)
        self.faults = Faults()
        self.phones = Phones()
        self.webhooks = Webhooks(config.auth_token, clock, self.journal, self.faults, config.webhook_seconds)
        callbacks = Callbacks(clock, self.webhooks, self.faults)
        self.recordings = Recordings(clock, callbacks, self.home, config.keep)
        self.conferences = Conferences(clock, callbacks, self.recordings, config.keep)
        self.queues = Queues(clock)
        terms = Terms(
            config.reply_limit, TRIAL_PREFIX if config.trial else "", self.reaches, config.text_rate, self.service_sid, config.keep
        )
        self.messaging = Messaging(
            clock, self.webhooks, callbacks, self.faults, self.phones, self.numbers, config.account_sid, self.home, terms
        )
        self.telephony = Telephony(
            config,
            clock,
            self.webhooks,
            callbacks,
            self.phones,
            self.numbers,
            self.caller_ids,
            self.recordings,
            self.conferences,
            self.queues,
            send_text=partial(self.messaging.reply, direction="outbound-call"),
            connect=self.incoming_call,
        )

    def listens_at(self, url: str) -> None:
        """Tell where the simulator is reached, unless a setting says so already."""
        self.home.url = self.config.public_url or url

    def point(self, **settings: str) -> None:
        """Set where and how the webhooks of every number go, by the names in `lines.URLS` and `lines.METHODS`."""
        for number in self.numbers.values():
            number.point(**settings)

    def reaches(self, number: str) -> bool:
        """Tell whether the account may call or text a number: a trial account only verified ones."""
        return not self.config.trial or number in self.caller_ids

    def permits(self, number: str) -> bool:
        """Tell whether the account may call or text a number's country; clients and SIP addresses are in none."""
        countries = self.config.countries
        return not countries or not number.startswith("+") or country_of(number) in countries

    def verify(self, number: str, friendly_name: str = "") -> CallerId:
        """Count a number as verified from now on."""
        caller = CallerId(self.config.account_sid, number, self.clock.now(), friendly_name)
        self.caller_ids[number] = caller
        return caller

    @property
    def default_phone(self) -> str:
        """The phone that is shown first: a verified number, or else the last one mentioned."""
        known = [phone.number for phone in self.phones.all()]
        return next(iter(self.caller_ids), known[-1] if known else DEFAULT_PHONE)

    def phone(self, number: str) -> Phone:
        """Find the phone of a number; PhoneError where the number is the account's."""
        if number in self.numbers:
            raise PhoneError(404, "not_a_phone", "This is a number of the account; it has no handset.")
        return self.phones.get(number)

    def dial(self, phone: Phone, to: str, parameters: Mapping[str, str] = MappingProxyType({})) -> Call:
        """Place a call from a phone to a number of the account, or from a client to whatever its application makes of `to`.

        A client may send parameters of its own along; its application's first request holds them.
        """
        if phone.current is not None:
            raise PhoneError(409, "in_call", "This phone is in a call already.")
        client = phone.number.startswith("client:")
        call = self._client_call(phone.number, to, parameters) if client else self.incoming_call(phone.number, to)
        self.telephony.receive(call)
        return call

    def _client_call(self, client: str, to: str, parameters: Mapping[str, str]) -> Call:
        """Make the record of a client's call: an application with a voice URL is asked, or else the first number's URL is.

        At Twilio the client's access token names the application: https://www.twilio.com/docs/voice/sdks
        """
        known = (each.endpoints for each in self.applications.values() if each.endpoints.voice.url)
        asked = next(known, next(iter(self.numbers.values())).endpoints)
        voice = reach(asked.voice)
        return Call(
            account_sid=self.config.account_sid,
            direction="inbound",
            from_number=client,
            to_number=to,
            status=CallStatus.RINGING,
            created_at=self.clock.now(),
            instructions=Instructions(voice, params=tuple(parameters.items())) if voice else NOT_IN_SERVICE,
            fallback=reach(asked.voice_fallback),
            status_target=reach(asked.status),
        )

    def incoming_call(self, sender: str, to: str) -> Call:
        """Make the record of a call to a number of the account."""
        line = self._line(to)
        return Call(
            account_sid=self.config.account_sid,
            direction="inbound",
            from_number=sender,
            to_number=to,
            status=CallStatus.RINGING,
            created_at=self.clock.now(),
            instructions=Instructions(line.voice) if line.voice else NOT_IN_SERVICE,
            fallback=line.voice_fallback,
            status_target=line.status,
            phone_number_sid=line.sid,
            caller_is_looked_up=line.looks_callers_up,
        )

    async def text(self, phone: Phone, to: str, body: str, attached: tuple[File | str, ...]) -> Message:
        """Send a text from a phone to a number of the account, with files or what stands at their addresses."""
        self._line(to)
        with self.clock.working():
            try:
                files = await take_files(self.webhooks, "", attached, body)
            except MediaError as error:
                raise PhoneError(400, "bad_media", f"{error} ({error.code})") from error
        sid, now = self.config.account_sid, self.clock.now()
        message = Message(sid, "inbound", phone.number, to, body, MessageStatus.RECEIVED, now, tuple(files))
        message.service_sid = self.service_sid
        self.messaging.receive(message, files)
        phone.keep(message)
        return message

    def answer(self, phone: Phone) -> None:
        """Pick up a ringing phone."""
        call = _wanted(phone, "ringing")
        call.picked_up = True
        call.stirred.notify()
        phone.touch()

    def reject(self, phone: Phone) -> None:
        """Press the ringing away: the caller hears busy."""
        call = _wanted(phone, "ringing")
        call.declined = True
        call.stirred.notify()

    def hang_up(self, phone: Phone) -> None:
        """End the call that the phone is in; its own call that nobody has answered ends as no-answer."""
        call = _wanted(phone, "in-call")
        answered = call.answered_at is not None or not call.incoming
        self.telephony.finish(call, CallStatus.COMPLETED if answered else CallStatus.NO_ANSWER)

    def enter(self, phone: Phone, kind: Literal["digits", "speech"], text: str, seconds: float = 0.0) -> None:
        """Press digits or speak into the call that the phone is in; speech takes some seconds, or as long as its words do."""
        self.telephony.hearing.hear(_wanted(phone, "in-call"), Input(kind, text, seconds))

    async def close(self) -> None:
        """End every call and task."""
        await self.clock.close()

    def _line(self, number: str) -> AccountNumber:
        if number not in self.numbers:
            raise PhoneError(404, "no_such_number", "This is not a number of the account.")
        return self.numbers[number]


def _wanted(phone: Phone, state: str) -> Call:
    if phone.current is None or phone.state != state:
        raise PhoneError(409, "wrong_state", f"This phone is {phone.state}, not {state}.")
    return phone.current
