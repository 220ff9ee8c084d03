"""Figures for Prometheus: what this process counted, or, under gunicorn, what all workers did, also those that are gone.

Labels are few and bounded: endpoints, causes, rules, statuses; never a number, a SID or a text.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, wraps
from typing import ParamSpec

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the workers of one gunicorn count together; read when this module is imported
OURS, WEBHOOKS = "switchboard.", "switchboard.webhooks."  # how endpoints begin
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)  # seconds; after 15 Twilio waits no longer

_counted = CollectorRegistry()
_requests = Histogram(
    "switchboard_request_seconds", "Time to answer a request.", ["endpoint", "status"], buckets=BUCKETS, registry=_counted
)
_refused = Counter("switchboard_webhooks_refused", "Webhooks that were not let in.", ["cause"], registry=_counted)
_failed = Counter(
    "switchboard_webhooks_failed",
    "Webhooks that got an error of ours, or no more than that we are sorry.",
    ["endpoint"],
    registry=_counted,
)
_twilio = Histogram(
    "switchboard_twilio_request_seconds",
    "Time that Twilio's REST API took.",
    ["request", "outcome"],
    buckets=BUCKETS,
    registry=_counted,
)
_statuses = Counter("switchboard_statuses", "Calls and messages that reached a status.", ["kind", "status"], registry=_counted)
_spend_refused = Counter("switchboard_spend_refused", "Calls and texts that the spend guard refused.", ["rule"], registry=_counted)

Labels = dict[str, str]
Given = ParamSpec("Given")


def _harmless(count: Callable[Given, None]) -> Callable[Given, None]:
    """What cannot be counted, as the folder is full or gone, is no reason not to answer."""

    @wraps(count)
    def attempt(*given: Given.args, **named: Given.kwargs) -> None:
        with suppress(OSError):
            count(*given, **named)

    return attempt


@_harmless
def answered(endpoint: str | None, status: int, seconds: float) -> None:
    """A request was answered."""
    _request(endpoint, status).observe(seconds)
    if status >= 500 and endpoint and endpoint.startswith(WEBHOOKS):
        webhook_failed(endpoint)


@cache
def _request(endpoint: str | None, status: int) -> Histogram:
    """To look it up by its labels would cost as much as to count."""
    return _requests.labels((endpoint or "none").removeprefix(OURS), status)


@_harmless
def foresee(causes: Iterable[str], endpoints: Iterable[str]) -> None:
    """Begin at 0 to count the webhooks that are refused, and that fail: what begins with its first one has no rate."""
    for cause in causes:
        _refused.labels(cause)
    for endpoint in endpoints:
        if endpoint.startswith(WEBHOOKS):
            _failed.labels(endpoint.removeprefix(OURS))


@_harmless
def webhook_failed(endpoint: str | None) -> None:
    """A webhook got no right answer."""
    _failed.labels((endpoint or "none").removeprefix(OURS)).inc()


@_harmless
def webhook_refused(cause: str) -> None:
    _refused.labels(cause).inc()


@_harmless
def asked_twilio(request: str, outcome: str, seconds: float) -> None:
    """Twilio was asked for something (`request`: call, message …), with that outcome: ok, or the code of an error."""
    _twilio.labels(request, outcome).observe(seconds)


@_harmless
def reached(kind: str, status: str) -> None:
    """A call or message reached a status that it did not have before."""
    _status(kind, status).inc()


@cache
def _status(kind: str, status: str) -> Counter:
    return _statuses.labels(kind, status)


@_harmless
def spend_refused(rule: str) -> None:
    _spend_refused.labels(rule).inc()


class Gauge(GaugeMetricFamily):
    """A figure that is read when it is asked for, with a value for each of its labels."""

    def __init__(self, name: str, documentation: str, values: Iterable[tuple[Labels, float]]) -> None:
        given = [*values]
        names = [*given[0][0]] if given else []
        super().__init__(f"switchboard_{name}", documentation, labels=names)
        for labels, value in given:
            self.add_metric([labels[name] for name in names], value)


class _Read(Collector):
    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = [*gauges]

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges


def exposition(gauges: Iterable[Gauge]) -> bytes:
    """All that was counted, and these gauges, in Prometheus' text format."""
    counted = _counted
    if (folder := os.environ.get(FOLDER)) and os.path.isdir(folder):
        counted = CollectorRegistry()
        MultiProcessCollector(counted, folder)  # type: ignore[no-untyped-call]
    read = CollectorRegistry(auto_describe=False)
    read.register(_Read(gauges))
    return generate_latest(counted) + generate_latest(read)
