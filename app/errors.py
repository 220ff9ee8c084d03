"""What can go wrong, in one tree.

SwitchboardError
├── InvalidRequest            the sender can mend it: 400
│   ├── InvalidNumber             not a phone number
│   ├── InvalidBody               a text that is empty or too long
│   └── KeyReused                 an Idempotency-Key that stands for something else: 422
├── OptedOut                  the recipient wants no texts from us: 409
├── SpendRefused              it would cost, and a rule forbids it: 403
│   └── SpendLimited              just now; it says when it may again: 429
├── TwilioError               Twilio was asked, or could not be
│   ├── TwilioRefused             it answered no: 502, nothing happened
│   │   ├── NotLetIn                  to whoever asks, for now: no fault of what is asked
│   │   └── RecordingGone             it has no such recording, or no more: 404
│   ├── TwilioUnreachable         it never got the request, or was only asked something: 503, trying again is safe
│   └── TwilioAnswerLost          it may have got it: 504, trying again may double it
├── NoSuchStep                Twilio asks for a step that the flow does not have (any more): 404
├── NoSuchAnnouncement        Twilio asks for the announcement of a call that announces nothing: 404
├── StillGoingOn              it cannot be erased yet: 409
└── LedgerUnavailable         the database cannot be used just now: 503

Each error knows the code and HTTP status it shows to the outside, and whether trying the same again can help.
"""


class SwitchboardError(Exception):
    """The root: `code` and `status` are public, `permanent` says that the same request will fail again."""

    code = "error"
    status = 500
    permanent = True


class InvalidRequest(SwitchboardError):
    code = "invalid_request"
    status = 400


class InvalidNumber(InvalidRequest):
    code = "invalid_number"


class InvalidBody(InvalidRequest):
    code = "invalid_body"


class KeyReused(InvalidRequest):
    code = "idempotency_key_reused"
    status = 422


class OptedOut(SwitchboardError):
    code = "opted_out"
    status = 409


class SpendRefused(SwitchboardError):
    """A call or text that the spend guard does not allow; `rule` names why (see limits)."""

    code = "spend_refused"
    status = 403

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class SpendLimited(SpendRefused):
    """The same, but only until a limit frees: `retry_after` is in how many seconds, None if nobody knows."""

    code = "spend_limited"
    status = 429
    permanent = False

    def __init__(self, message: str, rule: str, retry_after: int | None) -> None:
        super().__init__(message, rule)
        self.retry_after = retry_after


class TwilioError(SwitchboardError):
    """A request to Twilio's REST API that did not end well; `twilio_code` is Twilio's own error code, if it gave one."""

    def __init__(self, message: str, twilio_code: int | None = None) -> None:
        super().__init__(message)
        self.twilio_code = twilio_code


class TwilioRefused(TwilioError):
    code = "twilio_refused"
    status = 502

    def __init__(self, message: str, twilio_code: int | None = None, *, permanent: bool = True) -> None:
        super().__init__(message, twilio_code)
        self.permanent = permanent


class NotLetIn(TwilioRefused):
    """Twilio, or a proxy before it, does not take our credentials: to ask again at once is of no use, to ask later may be."""

    def __init__(self, message: str, twilio_code: int | None = None) -> None:
        super().__init__(message, twilio_code, permanent=False)


class RecordingGone(TwilioRefused):
    code = "recording_gone"
    status = 404


class TwilioUnreachable(TwilioError):
    code = "twilio_unreachable"
    status = 503
    permanent = False


class TwilioAnswerLost(TwilioError):
    code = "twilio_answer_lost"
    status = 504


class NoSuchStep(SwitchboardError):
    """The flow was changed while the call went on."""

    code = "no_such_step"
    status = 404


class NoSuchAnnouncement(SwitchboardError):
    code = "no_such_announcement"
    status = 404


class StillGoingOn(SwitchboardError):
    """What Twilio tells next of a call or text would have no place."""

    code = "still_going_on"
    status = 409
    permanent = False


class LedgerUnavailable(SwitchboardError):
    code = "ledger_unavailable"
    status = 503
    permanent = False
