"""(b) Flask as Twilio's documentation writes it: the signature is checked, nothing kept.

https://www.twilio.com/docs/usage/tutorials/how-to-secure-your-flask-app-by-validating-incoming-twilio-requests
"""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Flask, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

P = ParamSpec("P")

app = Flask(__name__)


def validate_twilio_request(view: Callable[P, str]) -> Callable[P, str]:
    """Refuse what Twilio did not sign."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> str:
        validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
        if not validator.validate(request.url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        return view(*args, **kwargs)

    return checked


@app.post("/sms_url")
@validate_twilio_request
def sms_url() -> str:
    response = MessagingResponse()
    response.message("Hey, thanks for the ping! Twilio and Azure rock!")
    return str(response)
