"""The process that opens files of strangers, started by comfy.media.workers.

It has no network where the system allows that, a limit of memory, of processor time for each
request and of the size of a file, and nothing of the environment. One request and one answer are a
line of JSON each: whoever took this process over could not make its parent run anything.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

NEW_USER, NEW_NET = 0x10000000, 0x40000000  # linux/sched.h


def leave_the_network() -> None:
    """Before any library starts a thread: only then the system lets a process do this."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEW_NET) != 0:  # not root
            libc.unshare(NEW_USER | NEW_NET)
    except (OSError, AttributeError, TypeError):  # not Linux
        return


if __name__ == "__main__":
    leave_the_network()
    from comfy.media.serving import serve  # after the line above

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        answers.write(json.dumps(serve(json.loads(line))) + "\n")
        answers.flush()
