"""How long the studio waits for servers. Tests are less patient than people."""

from __future__ import annotations

from dataclasses import dataclass

from comfy.client.transport import TIMEOUT


@dataclass(frozen=True)
class Patience:
    """Seconds, of the monotonic clock.

    `answer`: to connect, and between two bytes of an answer. `away`: how long the server of a
    running prompt may be silent before the job looks for another one; a server that is back
    sooner, or later but before anybody else took the job, is asked for the prompt first. `stall`:
    how long a prompt may wait at a server that runs nothing. `look`: between two looks at a server
    that is there; `retry`: at one that is not. `sweep`: between two searches for jobs that no
    thread of this process works on. `beat`: between two signs of life of a replica; `dead`: how
    long they may be missing before its jobs are taken up by another one. `pauses`: between tries at
    a server that has passing troubles.
    """

    answer: tuple[float, float] = TIMEOUT
    away: float = 15.0
    stall: float = 50.0
    look: float = 3.0
    retry: float = 1.0
    sweep: float = 30.0
    beat: float = 2.0
    dead: float = 8.0
    pauses: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)
