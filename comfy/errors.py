"""Every error the studio raises on purpose.

One class per decision the code takes, one `code` per sentence a person reads
(`assets/text.toml`, keys `error.<code>`):

* StudioError
  x InputError         what the person gave us; they can fix it
  x WorkflowError      a file in workflows/; whoever edits it can fix it
  x ServerError        a ComfyUI server; another server, or later, may do
    + ServerRefused    it wants other credentials
  x PromptRejected     the server read the prompt and said no
  x PromptFailed       a node raised while it ran
  x PromptInterrupted  somebody cancelled it
  x PromptLost         the server forgot it, usually after a restart
  x PromptStalled      accepted, but no sign of life for too long
  x OutputMissing      it finished without the file we asked for
"""

from __future__ import annotations


class StudioError(Exception):
    """Base of all errors below. `code` picks the sentence, `details` fill it in.

    Details must be plain data (text, numbers, lists of them): they are stored with the job.
    """

    code = "unexpected"
    retry = False  # may the same prompt be tried again, on any server?

    def __init__(self, code: str = "", **details: object) -> None:
        self.code = code or self.code
        self.details = details
        super().__init__(f"{self.code} {details}" if details else self.code)


class InputError(StudioError):
    """The person's file, text or value cannot be used."""

    code = "file_unusable"


class WorkflowError(StudioError):
    """A workflow or its manifest is wrong."""

    code = "workflow_unreadable"


class ServerError(StudioError):
    """The server did not answer, or not like a ComfyUI server."""

    code = "server_unreachable"
    retry = True


class ServerRefused(ServerError):
    """The server answered 401 or 403."""

    code = "server_refused"
    retry = False


class PromptRejected(StudioError):
    """POST /prompt answered 400, or 200 with `node_errors` for the output we need."""

    code = "prompt_rejected"


class PromptFailed(StudioError):
    """A node raised: the `execution_error` message."""

    code = "prompt_failed"


class PromptInterrupted(StudioError):
    """The prompt was cancelled: the `execution_interrupted` message."""

    code = "prompt_interrupted"


class PromptLost(StudioError):
    """Neither /queue nor /history knows the prompt."""

    code = "prompt_lost"
    retry = True


class PromptStalled(StudioError):
    """The server accepted the prompt and gave no sign of life for too long."""

    code = "prompt_stalled"
    retry = True


class OutputMissing(StudioError):
    """The output node wrote no file."""

    code = "output_missing"
