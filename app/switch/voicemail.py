"""Voicemail: what callers leave is kept for the operator, and its owners are told by text."""

from twilio.twiml.voice_response import VoiceResponse

from app.flow.steps import Voicemail
from app.switch.turns import Answer, Turn, on


@on(Voicemail)
def voicemail(turn: Turn[Voicemail]) -> Answer:
    step = turn.step

    def build(response: VoiceResponse) -> None:
        response.record(
            action=turn.url("recorded"),
            timeout=step.timeout,
            max_length=step.max_length,
            finish_on_key=step.finish_on_key,
            play_beep=True,
            transcribe=step.transcribe or None,
            transcribe_callback=turn.switch.status_url("transcription", step=turn.place.name) if step.transcribe else None,
            recording_status_callback=turn.switch.status_url("recording", step=turn.place.name),
            recording_status_callback_event="completed",
        )
        response.redirect(turn.url("recorded"))  # where silence is not recorded, Twilio goes on here

    return turn.hear("say").answer("", build)


@on(Voicemail, "recorded")
def recorded(turn: Turn[Voicemail]) -> Answer:
    left_something = turn.asked.value("RecordingDuration") not in ("", "0")
    return turn.go(turn.step.next, "voicemail" if left_something else None)
