"""The command line: python -m simulator --help"""

import argparse
import asyncio
import gc
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence

from simulator.addresses import is_web_address
from simulator.clock import RealClock
from simulator.config import Config
from simulator.exchange import Exchange
from simulator.gate import is_loopback
from simulator.identifiers import ACCOUNT_SID, SERVICE_SID
from simulator.lines import METHODS, URLS
from simulator.listener import Listener
from simulator.logs import start_logging
from simulator.loop import run
from simulator.numbering import parse_number
from simulator.server import create_app

MAX_SPEED = 1000.0
SILENCE_HELP = "Record goes on with the next verb where nothing was said, as documented until about 2020"
URL_HELP = {
    "voice_url": "asked when a phone calls a number",
    "voice_fallback_url": "asked where the voice URL fails",
    "sms_url": "asked when a phone texts a number",
    "sms_fallback_url": "asked where the SMS URL fails",
    "status_url": "told when an incoming call has ended",
}
MAX_RATE = 1000.0
MAX_KEPT = 1_000_000
MAX_WEBHOOK_SECONDS = 3600.0


class BadSetting(Exception):
    """A setting that the simulator cannot start with; the text is for the person who gave it."""


def build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Describe the options; each may also come from SIMULATOR_…, so that no secret is in the process list."""

    def given(name: str, default: str = "") -> str:
        return environment.get(f"SIMULATOR_{name}", default)

    def given_list(name: str) -> list[str]:
        return re.split(r"[\s,]+", given(name).strip()) if given(name).strip() else []

    def switched(name: str) -> bool:
        return given(name).lower() in {"1", "true", "yes"}

    parser = argparse.ArgumentParser(prog="simulator", description="A stand-in for Twilio on this machine.")
    add = parser.add_argument
    add("--host", default=given("HOST", "127.0.0.1"), help="address to listen on (loopback)")
    add("--port", default=given("PORT", "5050"), help="port to listen on (5050)")
    add("--account-sid", default=given("ACCOUNT_SID"), help="the account: AC and 32 hexadecimal digits")
    add("--auth-token", default=given("AUTH_TOKEN"), help="its token; better given as SIMULATOR_AUTH_TOKEN")
    add("--number", action="append", default=None, help="a number of the account; may repeat")
    add("--caller-id", action="append", default=None, help="a verified number; may repeat")
    for url, sentence in URL_HELP.items():
        add("--" + url.replace("_", "-"), default=given(url.upper()), help=sentence)
    for method in sorted(METHODS):
        add("--" + method.replace("_", "-"), default=given(method.upper(), "POST"), help="how it is asked: POST, or GET")
    add("--speed", default=given("SPEED", "1"), help="run time so many times faster (1)")
    add("--trial", action="store_true", default=switched("TRIAL"), help="a trial account")
    add("--country", action="append", default=None, help="a country that may be called and texted, as US; may repeat (all)")
    add("--blocked-number", action="append", default=None, help="a number that may not be called; may repeat")
    add("--skip-silent-recordings", action="store_true", default=switched("SKIP_SILENT_RECORDINGS"), help=SILENCE_HELP)
    add("--public-url", default=given("PUBLIC_URL"), help="what links to recordings and media start with (this server)")
    add(
        "--protect-media",
        action="store_true",
        default=switched("PROTECT_MEDIA"),
        help="recordings and media need credentials",
    )
    add("--balance", default=given("BALANCE", "100.00"), help="what the account has, in dollars (100.00)")
    add("--calls-per-second", default=given("CALLS_PER_SECOND", "1"), help="how fast queued calls are placed (1)")
    add("--concurrency", default=given("CONCURRENCY", "0"), help="how many REST requests at once are answered (0: any)")
    add("--reply-limit", default=given("REPLY_LIMIT", "15"), help="replies to one number in a row, until 14107 stops them (15)")
    add("--text-rate", default=given("TEXT_RATE", "0"), help="segments a second that a number sends; Twilio: 1 (0: no queue)")
    add("--messaging-service-sid", default=given("MESSAGING_SERVICE_SID"), help="a messaging service with all the numbers")
    add("--webhook-seconds", default=given("WEBHOOK_SECONDS", "15"), help="real seconds that an answer may take (15, as Twilio)")
    add("--keep", default=given("KEEP", "10000"), help="how many of each kind are remembered once over (10000)")
    add("--keep-requests", default=given("KEEP_REQUESTS", "1000"), help="how many of its requests are remembered (1000)")
    add("--test-account-sid", default=given("TEST_ACCOUNT_SID"), help="test credentials: the account")
    add("--test-auth-token", default=given("TEST_AUTH_TOKEN"), help="test credentials: the token")
    parser.set_defaults(numbers=given_list("NUMBER"), caller_ids=given_list("CALLER_ID"))
    parser.set_defaults(countries=given_list("COUNTRY"), blocked_numbers=given_list("BLOCKED_NUMBER"))
    return parser


def _numbers(texts: Sequence[str], option: str) -> tuple[str, ...]:
    numbers = [parse_number(text) for text in texts]
    if None in numbers:
        raise BadSetting(f"{option} must be a phone number in international form, as +15550001111.")
    return tuple(dict.fromkeys(number for number in numbers if number))


def _countries(texts: Sequence[str]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"[A-Za-z]{2}", text) for text in texts):
        raise BadSetting("--country must be a country's two letters, as US.")
    return tuple(dict.fromkeys(text.upper() for text in texts))


def _ranged(text: str, option: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadSetting(f"{option} must be a number from {least:g} to {most:g}.")
    return value


def _whole(text: str, option: str, most: int) -> int:
    value = _ranged(text, option, 0, most)
    if value != int(value):
        raise BadSetting(f"{option} must be a whole number.")
    return int(value)


def read_config(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """Read and check the settings; BadSetting says in a sentence what is wrong, without repeating a secret."""
    options = build_parser(environment).parse_args(arguments)
    for sid, option in ((options.account_sid, "--account-sid"), (options.test_account_sid, "--test-account-sid")):
        if not ACCOUNT_SID.fullmatch(sid) and (sid or option == "--account-sid"):
            raise BadSetting(f"{option} must be AC followed by 32 hexadecimal digits.")
    if not options.auth_token:
        raise BadSetting("The token is missing: set SIMULATOR_AUTH_TOKEN or give --auth-token.")
    if bool(options.test_account_sid) != bool(options.test_auth_token):
        raise BadSetting("--test-account-sid and --test-auth-token belong together.")
    numbers = _numbers(options.number or options.numbers, "--number")
    if not numbers:
        raise BadSetting("At least one --number is needed.")
    urls = {name: str(getattr(options, name)) for name in URLS}
    for name, url in urls.items():
        if url and not is_web_address(url):
            raise BadSetting(f"--{name.replace('_', '-')} must be an absolute http or https address.")
    if options.messaging_service_sid and not SERVICE_SID.fullmatch(options.messaging_service_sid):
        raise BadSetting("--messaging-service-sid must be MG followed by 32 hexadecimal digits.")
    methods = {name: str(getattr(options, name)).upper() for name in METHODS}
    for name, method in methods.items():
        if method not in {"GET", "POST"}:
            raise BadSetting(f"--{name.replace('_', '-')} must be GET or POST.")
    if options.public_url and not is_web_address(options.public_url):
        raise BadSetting("--public-url must be an absolute http or https address.")
    return Config(
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        numbers=numbers,
        host=options.host,
        port=_whole(options.port, "--port", 65535),
        speed=_ranged(options.speed, "--speed", 0.01, MAX_SPEED),
        webhook_seconds=_ranged(options.webhook_seconds, "--webhook-seconds", 0.1, MAX_WEBHOOK_SECONDS),
        keep=_whole(options.keep, "--keep", MAX_KEPT),
        keep_requests=_whole(options.keep_requests, "--keep-requests", MAX_KEPT),
        trial=options.trial,
        protect_media=options.protect_media,
        balance=f"{_ranged(options.balance, '--balance', -1e9, 1e9):.2f}",
        calls_per_second=_ranged(options.calls_per_second, "--calls-per-second", 0.01, MAX_RATE),
        concurrency=_whole(options.concurrency, "--concurrency", 1000),
        reply_limit=int(_ranged(options.reply_limit, "--reply-limit", 1, 1_000_000)),
        text_rate=_ranged(options.text_rate, "--text-rate", 0, 1000),
        messaging_service_sid=options.messaging_service_sid,
        caller_ids=_numbers(options.caller_id or options.caller_ids, "--caller-id"),
        test_account_sid=options.test_account_sid,
        test_auth_token=options.test_auth_token,
        public_url=options.public_url.rstrip("/"),
        skip_silent_recordings=options.skip_silent_recordings,
        countries=_countries(options.country or options.countries),
        blocked_numbers=_numbers(options.blocked_number or options.blocked_numbers, "--blocked-number"),
        **urls,
        **methods,
    )


async def serve(config: Config) -> None:
    """Run until SIGINT or SIGTERM, then end at once."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    exchange = Exchange(config, RealClock(config.speed))
    listener = Listener(create_app(exchange))
    port = await listener.start(config.host, config.port)
    name = f"[{config.host}]" if ":" in config.host else config.host
    exchange.listens_at(f"http://{name}:{port}")
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again and again would make webhooks late
    print(f"Twilio simulator: phones and REST API at http://{name}:{port}", flush=True)
    if not is_loopback(config.host):
        print("Everybody who can reach this address can use the phones.", file=sys.stderr, flush=True)
    await stop.wait()
    await listener.close()
    await exchange.close()


def main() -> int:
    """Start the simulator; returns the exit status."""
    start_logging()
    try:
        config = read_config(sys.argv[1:], os.environ)
        run(serve(config))
    except BadSetting as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"simulator: cannot listen there: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
