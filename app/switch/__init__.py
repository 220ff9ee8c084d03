"""The switch takes a call from step to step. Each webhook names the step and what happened there: any worker can answer it."""

from flask import current_app

from app.settings import current_settings
from app.switch import branches, conference, dial, menu, queue, voicemail, words  # noqa: F401  each says what its steps do
from app.switch.turns import Answer, Asked, Switch

__all__ = ["Answer", "Asked", "Switch", "current_switch", "our_numbers"]


def current_switch() -> Switch:
    """The switch of the application that answers this request."""
    switch: Switch = current_app.extensions["switch"]
    return switch


def our_numbers() -> set[str]:
    """The number that calls and texts go out from, and those that have a flow of their own."""
    return {current_settings().twilio_from_number, *current_switch().flow.file.numbers}
