"""A call's documents, one after the other: each is fetched, and its verbs are carried out in order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.twiml.document import Verb
from simulator.voice import documents
from simulator.voice.calls import NO_TIME, Call, Circumstances, Instructions
from simulator.voice.stage import HangUp, LeaveQueue, Outcome, Performer, Stage

if TYPE_CHECKING:
    from simulator.voice.telephony import Telephony

MAX_SILENT_DOCUMENTS = 50
DOES_NOT_ANSWER = frozenset({"Reject", "Pause"})
FORGETS_KEYS = frozenset({"Say", "Play", "Pause"})  # what is pressed meanwhile is for nobody; a Gather must be around them


async def carry_out(
    telephony: "Telephony", call: Call, instructions: Instructions, circumstances: Circumstances = dict
) -> HangUp | LeaveQueue | None:
    """Carry out a document and those it leads to; None says that the last one has ended.

    Every request is told the circumstances of that moment, too, as the place in a queue.
    """
    outcome: Outcome = instructions
    silent, before = 0, call.seconds_spent
    while isinstance(outcome, Instructions):
        silent = silent + 1 if call.seconds_spent - before < NO_TIME else 0
        before = call.seconds_spent
        told = replace(outcome, params=(*outcome.params, *circumstances().items()))
        outcome = await _carry_out_one(telephony, call, told, endless=silent > MAX_SILENT_DOCUMENTS)
    return outcome


async def _carry_out_one(telephony: "Telephony", call: Call, instructions: Instructions, endless: bool) -> Outcome:
    fetched = await documents.fetch_voice_document(telephony.webhooks, call, instructions, endless)
    call.check()
    if fetched is None:
        telephony.answer(call)
        telephony.hearing.note(call, "exchange", "Error", documents.ERROR_SENTENCE)
        return HangUp(failed=True)
    stage = Stage(telephony, call, fetched.base_url, fetched.alarm)
    for index, verb in enumerate(fetched.verbs):
        call.check()
        if not _keeps_ringing(verb):
            telephony.answer(call)
        stage.begin(verb, fetched.request_id, index)
        outcome = await _perform(telephony.verbs, stage, verb)
        if outcome is not None:
            return outcome
        if verb.name in FORGETS_KEYS:
            call.inputs.clear()
    return None


async def _perform(verbs: Mapping[str, Performer], stage: Stage, verb: Verb) -> Outcome:
    perform = verbs.get(verb.name)
    if perform is None:
        stage.alarm(12200, f"{verb.name} is not simulated", "error")
        stage.telephony.hearing.note(stage.call, "exchange", "Error", f"{verb.name} is not simulated.")
        return HangUp(failed=True)
    return await perform(stage, verb)


def _keeps_ringing(verb: Verb) -> bool:
    """Tell whether a verb leaves an incoming call unanswered."""
    return verb.name in DOES_NOT_ANSWER or (verb.name == "Dial" and verb.get("answerOnBridge").strip().lower() == "true")
