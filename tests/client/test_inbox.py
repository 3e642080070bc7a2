"""The mailbox between the socket's thread and the follower's."""

import time

from comfy.client.events import Ended, Executing, Gap, Preview, Progress, Signal
from comfy.client.inbox import LIMIT, PREVIEWS, Inbox


def drain(inbox: Inbox) -> list[Signal]:
    signals = []
    while signal := inbox.get(0):
        signals.append(signal)
    return signals


def test_signals_come_out_in_order_and_nothing_comes_after_the_timeout() -> None:
    inbox = Inbox()
    inbox.put(Executing("1"))
    inbox.put(Ended())
    assert drain(inbox) == [Executing("1"), Ended()]
    began = time.monotonic()
    assert inbox.get(0.05) is None
    assert time.monotonic() - began > 0.04


def test_of_unread_previews_the_newest_stay() -> None:
    inbox = Inbox()
    previews = [Preview("image/png", bytes([number])) for number in range(PREVIEWS + 3)]
    for preview in previews:
        inbox.put(preview)
    assert drain(inbox) == previews[3:]


def test_when_it_is_full_old_progress_goes_first_and_the_end_never() -> None:
    inbox = Inbox()
    inbox.put(Gap())
    inbox.put(Executing("1"))
    for step in range(LIMIT * 2):
        inbox.put(Progress("1", step, LIMIT * 2))
    inbox.put(Ended())
    signals = drain(inbox)
    assert len(signals) == LIMIT
    assert signals[:2] == [Gap(), Executing("1")]
    assert signals[-2:] == [Progress("1", LIMIT * 2 - 1, LIMIT * 2), Ended()]


def test_a_flood_of_other_events_is_bounded_too() -> None:
    inbox = Inbox()
    inbox.put(Ended())
    for number in range(LIMIT * 2):
        inbox.put(Executing(str(number)))
    signals = drain(inbox)
    assert len(signals) == LIMIT
    assert signals[0] == Ended()
