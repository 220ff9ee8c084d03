"""Where webhooks go: the account's numbers, and the applications that may stand in for a number's own addresses."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from simulator.addresses import Target
from simulator.identifiers import lasting_sid, new_sid
from simulator.numbering import format_number, kind_of

WEBHOOKS = ("voice", "voice_fallback", "sms", "sms_fallback", "status")
URLS = frozenset(f"{name}_url" for name in WEBHOOKS)
METHODS = frozenset(f"{name}_method" for name in WEBHOOKS)
NOWHERE = Target("")


@dataclass
class Endpoints:
    """The addresses of each kind of webhook; one without a URL asks nobody, but keeps its method."""

    voice: Target = NOWHERE
    voice_fallback: Target = NOWHERE
    sms: Target = NOWHERE
    sms_fallback: Target = NOWHERE
    status: Target = NOWHERE


def reach(target: Target) -> Target | None:
    """Give a target that has a URL."""
    return target if target.url else None


@dataclass
class Application:
    """A TwiML application: addresses that calls, messages and numbers refer to by its SID."""

    account_sid: str
    created_at: datetime
    friendly_name: str = ""
    endpoints: Endpoints = field(default_factory=Endpoints)
    message_status: Target = NOWHERE
    caller_id_lookup: bool = False
    public_connect: bool = False
    sid: str = field(default_factory=lambda: new_sid("AP"))
    updated_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.updated_at = self.created_at


@dataclass
class AccountNumber:
    """A number of the account; an application, where it has one, decides instead of the number's own addresses."""

    account_sid: str
    number: str
    created_at: datetime
    friendly_name: str = ""
    kind: str = ""
    endpoints: Endpoints = field(default_factory=Endpoints)
    voice_application: Application | None = None
    sms_application: Application | None = None
    caller_id_lookup: bool = False
    sid: str = field(init=False)
    updated_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.sid = lasting_sid("PN", self.account_sid, self.number)
        self.updated_at = self.created_at
        self.friendly_name = self.friendly_name or format_number(self.number)
        self.kind = self.kind or kind_of(self.number)

    @property
    def voice(self) -> Target | None:
        """Where to ask what a call is to do."""
        return reach(self._for_calls.voice)

    @property
    def voice_fallback(self) -> Target | None:
        """Where to ask when that fails."""
        return reach(self._for_calls.voice_fallback)

    @property
    def status(self) -> Target | None:
        """Where to tell that a call has ended."""
        return reach(self._for_calls.status)

    @property
    def looks_callers_up(self) -> bool:
        """Tell whether a call's webhooks hold the caller's name, which is empty as it is not known here."""
        return self.caller_id_lookup if self.voice_application is None else self.voice_application.caller_id_lookup

    @property
    def sms(self) -> Target | None:
        """Where to ask what to answer to a text."""
        return reach(self._for_texts.sms)

    @property
    def sms_fallback(self) -> Target | None:
        """Where to ask when that fails."""
        return reach(self._for_texts.sms_fallback)

    @property
    def _for_calls(self) -> Endpoints:
        return self.endpoints if self.voice_application is None else self.voice_application.endpoints

    @property
    def _for_texts(self) -> Endpoints:
        return self.endpoints if self.sms_application is None else self.sms_application.endpoints

    def point(self, **settings: str) -> None:
        """Set webhooks by the names in URLS and METHODS; the others stay, an empty URL is taken away. ValueError for bad names."""
        unknown = sorted(set(settings) - URLS - METHODS)
        if unknown:
            raise ValueError(f"no such webhook: {', '.join(unknown)}")
        for setting, value in settings.items():
            name, _, part = setting.rpartition("_")
            setattr(self.endpoints, name, replace(getattr(self.endpoints, name), **{part: value}))


@dataclass
class CallerId:
    """A verified number: it may be a call's caller, and a trial account reaches it."""

    account_sid: str
    number: str
    created_at: datetime
    friendly_name: str = ""
    sid: str = field(init=False)
    updated_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.sid = lasting_sid("PN", self.account_sid, "caller ID", self.number)
        self.updated_at = self.created_at
        self.friendly_name = self.friendly_name or format_number(self.number)
