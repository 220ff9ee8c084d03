"""What each verb of a voice document does: a table from its name to a coroutine."""

from collections.abc import Mapping

from simulator.voice.stage import Performer
from simulator.voice.verbs.control import hangup, leave, redirect, reject, sms
from simulator.voice.verbs.dial import dial
from simulator.voice.verbs.enqueue import enqueue
from simulator.voice.verbs.gather import gather
from simulator.voice.verbs.record import record
from simulator.voice.verbs.speech import pause, play, say

VERBS: Mapping[str, Performer] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Record": record,
    "Dial": dial,
    "Enqueue": enqueue,
    "Leave": leave,
    "Redirect": redirect,
    "Reject": reject,
    "Hangup": hangup,
    "Sms": sms,
}
