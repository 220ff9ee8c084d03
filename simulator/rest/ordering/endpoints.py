"""Where webhooks go, as a REST request sets it on a number or an application."""

from dataclasses import replace

from simulator.addresses import Target, is_web_address
from simulator.exchange import Exchange
from simulator.lines import Application, Endpoints
from simulator.rest.errors import RestError
from simulator.rest.form import MAX_DETAIL, Form

PARAMETERS = {
    "voice": ("VoiceUrl", "VoiceMethod"),
    "voice_fallback": ("VoiceFallbackUrl", "VoiceFallbackMethod"),
    "sms": ("SmsUrl", "SmsMethod"),
    "sms_fallback": ("SmsFallbackUrl", "SmsFallbackMethod"),
    "status": ("StatusCallback", "StatusCallbackMethod"),
}


def read_endpoints(form: Form, known: Endpoints) -> Endpoints:
    """Read the addresses that are given into a copy of the known ones; an empty one is taken away.

    A fallback without the address it stands in for is refused (21405, 21406).
    """
    given = {name: _read_target(form, getattr(known, name), *names) for name, names in PARAMETERS.items()}
    endpoints = replace(known, **given)
    if form.text("VoiceFallbackUrl") and not endpoints.voice.url:
        raise RestError(21405)
    if form.text("SmsFallbackUrl") and not endpoints.sms.url:
        raise RestError(21406)
    return endpoints


def _read_target(form: Form, known: Target, url_name: str, method_name: str) -> Target:
    url, method = known.url, known.method
    if url_name in form:
        url = read_address(form, url_name)
    if form.text(method_name):
        method = form.text(method_name).upper()
        if method not in {"GET", "POST"}:
            raise RestError(21403, value=method[:MAX_DETAIL])
    return Target(url, method)


def read_address(form: Form, name: str) -> str:
    """Read a URL that may be empty."""
    url = form.text(name).strip()
    if url and not is_web_address(url):
        raise RestError(21402, value=url[:MAX_DETAIL])
    return url


def read_application(exchange: Exchange, form: Form, name: str, known: Application | None) -> Application | None:
    """Read the SID of an application; an empty one takes it away, an unknown one is refused (21420)."""
    if name not in form:
        return known
    sid = form.text(name).strip()
    if not sid:
        return None
    if sid not in exchange.applications:
        raise RestError(21420)
    return exchange.applications[sid]
