"""Who hears whom: the calls whose voices are mixed."""

from simulator.voice.calls import Call


class Room:
    """Some calls that hear each other: the two of a Dial, or those in a conference."""

    def __init__(self) -> None:
        self.members: list[Call] = []

    def enter(self, call: Call) -> None:
        """Let a call in; what it was in before, it leaves."""
        if call.room is not None:
            call.room.leave(call)
        call.room = self
        self.members.append(call)
        call.stirred.notify()

    def leave(self, call: Call) -> None:
        """Let a call go; those who stay notice it."""
        if call.room is self:
            self.members.remove(call)
            call.room = None
            for each in (call, *self.members):
                each.stirred.notify()

    def listeners(self, speaker: Call) -> list[Call]:
        """List who hears a member: nobody where it is muted or on hold, one call only where it coaches that one."""
        if speaker.muted or speaker.on_hold:
            return []
        others = [call for call in self.members if call is not speaker and not call.on_hold]
        return [call for call in others if speaker.coaching in {"", call.sid}]
