"""Twilio's codes for requests that failed.

Sources: https://www.twilio.com/docs/api/errors and the pages of the codes below it.
"""

import ssl
from collections.abc import Iterator
from socket import gaierror

from simulator.web.cookies import BadCookie
from simulator.web.decoding import BadBody
from simulator.web.wire import BadAnswer, NoConnection, TooSlow

DOMAIN_MISMATCH, IP_MISMATCH, EXPIRED = 62, 64, 10  # OpenSSL's X509_V_ERR_…


def diagnose(error: Exception) -> tuple[int, str]:
    """Give a failed request Twilio's code and a sentence."""
    for cause in _causes(error):
        if isinstance(cause, gaierror):
            return 11210, "HTTP bad host name"
        if isinstance(cause, ssl.SSLCertVerificationError):
            codes = {DOMAIN_MISMATCH: 11235, IP_MISMATCH: 11235, EXPIRED: 11236}
            return codes.get(cause.verify_code, 11237), f"Certificate Invalid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return 11220, "SSL/TLS Handshake Error"
    if isinstance(error, BadAnswer | BadBody | BadCookie):
        return 11206, f"HTTP protocol violation: {error}"
    if isinstance(error, ValueError):
        return 11100, "Invalid URL format"
    if isinstance(error, TooSlow | TimeoutError):
        return 11205, "HTTP connection failure: the time was over"
    if isinstance(error, NoConnection):
        return 11205, "HTTP connection failure"
    if isinstance(error, OSError):
        return 11206, "HTTP protocol violation: the connection broke"
    return 11200, f"HTTP retrieval failure: {type(error).__name__}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
