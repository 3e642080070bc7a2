"""Guest links: what they allow, what was used, and how they end."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import InputError
from comfy.jobs.guests import GuestLink
from comfy.jobs.job import COMPLETED, FAILED, Job, Link
from comfy.jobs.studio import Studio

FACE = Path(__file__).parent.parent.parent / "assets" / "portrait.jpg"


def by(link: GuestLink) -> dict[str, str]:
    """Somebody who came by this link."""
    return {"owner": f"guest:{link.id}:{uuid.uuid4().hex[:8]}", "origin": f"guest:{link.id}"}


def refusal(studio: Studio, task: str, values: dict[str, Any], link: GuestLink) -> tuple[str, Any]:
    with pytest.raises(InputError) as caught:
        studio.submit(task, values, **by(link))
    return caught.value.code, caught.value.details


def test_jobs_of_a_day_are_shared_by_all_with_the_link(
    studio: Studio, picture: Path, voice: Path
) -> None:
    link = studio.guests.create("friends", days=1, jobs_a_day=2)
    for seed in (1, 2):
        studio.submit("image_cleanup", {"image": picture, "seed": seed}, **by(link))
    assert studio.guests.used(link.id) == (2, 0.0)
    values = {"image": picture, "seed": 3}
    assert refusal(studio, "image_cleanup", values, link) == ("guest_jobs", {"limit": 2})
    chain = {"image": FACE, "reference_audio": voice, "text": "Hello."}
    other = studio.guests.create("others", days=1, jobs_a_day=2)
    with pytest.raises(InputError, match="guest_jobs"):  # three jobs: none of them is begun
        studio.submit_pipeline(chain, **by(other))
    assert studio.guests.used(other.id) == (0, 0.0)


def test_a_deleted_job_was_used_all_the_same(studio: Studio, picture: Path) -> None:
    link = studio.guests.create("tidy", days=1, jobs_a_day=1)
    guest = by(link)
    job = studio.submit("image_cleanup", {"image": picture}, **guest)
    assert [job.status for job in studio.watch(job.id, tick=0.05)][-1] == COMPLETED
    assert studio.delete(job.id, guest["owner"])
    assert refusal(studio, "image_cleanup", {"image": picture}, link)[0] == "guest_jobs"


def test_the_id_of_a_link_can_be_typed_at_a_command_line(studio: Studio) -> None:
    assert studio.guests.create("ann", days=1).id.isalnum()


def test_only_the_tasks_of_the_link(studio: Studio, picture: Path, voice: Path) -> None:
    link = studio.guests.create("pictures", days=1, tasks=["image_cleanup"])
    studio.submit("image_cleanup", {"image": picture}, **by(link))
    values = {"reference_audio": voice, "text": "No."}
    assert refusal(studio, "voice_clone", values, link) == ("guest_task", {"task": "voice_clone"})


def test_seconds_of_video_are_counted_before_it_is_made(studio: Studio, voice: Path) -> None:
    """The example voice has about eight seconds."""
    link = studio.guests.create("short", days=1, video_seconds=5)
    code, details = refusal(studio, "talking_head", {"image": FACE, "audio": voice}, link)
    assert (code, details) == ("guest_seconds", {"limit": 5, "left": 5})
    assert studio.guests.used(link.id) == (0, 0.0)
    chain = {"image": FACE, "reference_audio": voice, "text": "One two three four five. " * 6}
    *_, video = studio.submit_pipeline(chain, **by(link))
    last = list(studio.watch(video.id, tick=0.05))[-1]  # its length is known when it was spoken
    assert (last.status, last.error["code"]) == (FAILED, "guest_seconds")


def test_both_speakers_of_a_video_are_counted(studio: Studio, voice: Path) -> None:
    """One after the other they have about sixteen seconds."""
    link = studio.guests.create("two", days=1, video_seconds=12)
    one = Job("of one", "talking_head", **by(link), values={"audio": voice})
    two = one.changed(id="of two", values={"audio": voice, "second_audio": voice})
    studio.guests.charge(one)
    with pytest.raises(InputError) as refused:
        studio.guests.charge(two)
    assert refused.value.code == "guest_seconds"


def test_a_withdrawn_and_an_expired_link_start_nothing(studio: Studio, picture: Path) -> None:
    link = studio.guests.create("gone", days=1)
    assert studio.guests.revoke(link.id)
    assert not studio.guests.revoke(link.id)
    assert refusal(studio, "image_cleanup", {"image": picture}, link)[0] == "guest_over"
    short = studio.guests.create("minute", days=0.2 / 86_400)
    time.sleep(0.3)
    assert refusal(studio, "image_cleanup", {"image": picture}, short)[0] == "guest_over"
    states = {found.name: found.is_good for found in studio.guests.all()}
    assert (states["gone"], states["minute"]) == (False, False)


def test_people_who_invent_names_are_one_address(studio: Studio, voice: Path) -> None:
    """Six jobs for each, so eighteen from one address."""
    address = f"address:{uuid.uuid4().hex[:24]}"
    long = {"reference_audio": voice, "text": "A story that goes on and on. " * 60}
    speech = studio.submit("voice_clone", long, owner=address)
    values = {"image": FACE, "audio": Link(speech.id)}  # waits for the speech
    waiting = [
        studio.submit("talking_head", values, owner=f"{address}-{n}", origin=address)
        for n in range(18)
    ]
    with pytest.raises(InputError, match="too_many_jobs"):
        studio.submit("talking_head", values, owner=f"{address}-18", origin=address)
    for job in (*waiting, speech):
        studio.cancel(job.id)
