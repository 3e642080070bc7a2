"""One press against what a verdict found: a new job that mends the result of a finished one.

The new job is a whole with one part, so the studio itself makes it, and the old one stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from comfy.jobs.intake import Accepted, Intake
from comfy.jobs.job import COMPLETED, REMEDY, Job, Link
from comfy.jobs.parts import SPEEDS, TIMES
from comfy.jobs.store import Store

AGAIN = "again"  # with another seed: what the page does with the same inputs
ONCE_MORE = "once_more"  # the same wish, for the result
REMEDIES: Mapping[str, str] = {  # finding -> what helps; the other names are for comfy.jobs.parts
    **dict.fromkeys(("too_short", "too_long", "no_sound", "sound_ends"), "sound"),
    **dict.fromkeys(("lips_late", "lips_early"), "shift"),
    **dict.fromkeys(("frozen", "lips_stop", "lips_off", "black"), AGAIN),
    **dict.fromkeys(("darker", "lighter", "colours"), AGAIN),
    **dict.fromkeys(("gap", "ends_silent"), "pauses"),
    "quiet": "level",
    **dict.fromkeys(("silent", "clipped", "cut", "fast", "slow", "unlike"), AGAIN),
    **dict.fromkeys(("shifted", "scaled", "cropped", "recoloured", "smaller"), "original"),
    "text": ONCE_MORE,
    **dict.fromkeys(("face", "other"), AGAIN),
}
OF_A_JOIN = (SPEEDS, TIMES, REMEDY)  # not its pauses: long ones that were asked for are no fault


class Remedies:
    """Starts them."""

    def __init__(self, store: Store, intake: Intake) -> None:
        self._store, self._intake = store, intake

    def start(self, job_id: str, name: str, *, owner: str, origin: str = "") -> Job | None:
        """The job that mends this one's result. None if it is somebody else's, or needs no such.

        Raises InputError where nobody is allowed more jobs.
        """
        job = self._store.get(job_id)
        if job is None or job.owner != owner or job.status != COMPLETED:
            return None
        if name == AGAIN or name not in {REMEDIES.get(f["code"]) for f in job.findings}:
            return None
        plain = {key: value for key, value in job.values.items() if key not in OF_A_JOIN}
        if name == ONCE_MORE:
            once_more = Accepted({**plain, "image": Link(job.id)}, job.consent, job.wish)
            return self._intake.add(job.task, once_more, owner, origin)
        mended = Accepted({**plain, REMEDY: name}, job.consent, job.wish)
        return self._intake.add(job.task, mended, owner, origin, parts=[Link(job.id)])
