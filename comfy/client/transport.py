"""HTTP to one server: sessions, limits, and errors of the network as errors of ours."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from comfy.errors import ServerError, ServerRefused

log = logging.getLogger(__name__)

TIMEOUT = (5.0, 30.0)  # seconds to connect, seconds between two bytes
GLANCE = 4.0  # instead of either, when who asks will ask again: a frozen host is found by that
JSON_BYTES = 64 * 2**20  # /object_info of a server with many packs has about 10 MB
JSON_SECONDS = 60.0  # a server that drips must not hold a thread for ever
CONNECTIONS = 64  # kept open to one server, by all threads together
TRIES = 3
PAUSE = 0.2  # seconds before the second try; doubles
LONGEST_PAUSE = 10.0

# Where operators name the certificates of a private authority; the first one that is set counts.
CA_FILES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")

T = TypeVar("T")


class Transport:
    """Requests to one base URL (a sub-path is fine), usable from any number of threads."""

    def __init__(
        self, url: str, headers: Mapping[str, str], timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        parts = urlsplit(url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username is not None  # credentials are headers: an address may be logged
        ):
            raise ValueError("a server's address looks like http://host:port/path")
        self.url = parts.geturl().rstrip("/")
        self.headers = dict(headers)
        self.ca_file = next(filter(None, map(os.environ.get, CA_FILES)), DEFAULT_CA_BUNDLE_PATH)
        self.timeout = timeout
        self._local = threading.local()  # requests does not promise thread-safe sessions,
        self._pool = HTTPAdapter(pool_maxsize=CONNECTIONS)  # but connections may be shared

    def close(self) -> None:
        """Close the connections that are kept open; a later request opens a new one."""
        self._pool.close()

    def get(self, path: str, *, tries: int = TRIES) -> dict[str, Any]:
        """GET a JSON object; a busy or unreachable server is asked `tries` times.

        Who asks once is a loop that comes back, and does not wait long for an answer.
        """
        connect, read = self.timeout
        glance = {"timeout": (min(connect, GLANCE), min(read, GLANCE))} if tries == 1 else {}
        return retried(lambda: self._json("GET", path, **glance), tries=tries)

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        """POST JSON to an endpoint that answers 200 without a body. Sent once."""
        with self.open("POST", path, json=body) as response:
            if response.status_code != 200:
                raise broken(response)

    @contextmanager
    def open(self, method: str, path: str, **kwargs: Any) -> Iterator[requests.Response]:
        """Send one request and hand out the answer, its body still unread.

        Raises ServerError when nothing sensible comes, also while the caller reads the body;
        ServerRefused for 401 and 403. Any other status is the caller's to judge.
        """
        try:
            with self._session.request(
                method,
                f"{self.url}/{path}",
                stream=True,
                allow_redirects=False,
                **{"timeout": self.timeout, **kwargs},
            ) as response:
                _check_status(response)
                yield response
        except requests.RequestException as exc:
            log.debug("%s %s: %s", method, path, type(exc).__name__)
            raise ServerError from exc

    def _json(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        with self.open(method, path, **kwargs) as response:
            if response.status_code != 200:
                raise broken(response)
            return read_json(response)

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.trust_env = False  # no proxies, no .netrc
            session.verify = self.ca_file
            session.headers.update(self.headers)
            for scheme in ("http://", "https://"):
                session.mount(scheme, self._pool)
            self._local.session = session
        known: requests.Session = self._local.session
        return known


def retried(call: Callable[[], T], *, tries: int = TRIES) -> T:
    """The one place that repeats requests: only what may be sent twice, only passing troubles."""
    pause = PAUSE
    for left in range(tries - 1, -1, -1):
        try:
            return call()
        except ServerError as error:
            if not left or not passing(error):
                raise
            wait = error.details.get("wait")
            time.sleep(min(wait if isinstance(wait, float) else pause, LONGEST_PAUSE))
            pause *= 2
    raise AssertionError("tries must be positive")


def passing(error: ServerError) -> bool:
    """Is the server away or busy, rather than not a ComfyUI at all?"""
    return error.retry and error.code in ("server_unreachable", "server_busy")


def broken(response: requests.Response) -> ServerError:
    """An answer that a ComfyUI server would not give."""
    return ServerError("server_broken", status=response.status_code)


def read_json(response: requests.Response) -> dict[str, Any]:
    """The body as a JSON object, bounded in size and time. Raises ServerError server_broken."""
    body = bytearray()
    deadline = time.monotonic() + JSON_SECONDS
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > JSON_BYTES or time.monotonic() > deadline:
            raise broken(response)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise broken(response) from exc
    if not isinstance(answer, dict):
        raise broken(response)
    return answer


def _check_status(response: requests.Response) -> None:
    if response.status_code in (401, 403):
        raise ServerRefused(status=response.status_code)
    if response.status_code == 429:
        seconds = response.headers.get("Retry-After", "")
        raise ServerError("server_busy", wait=float(seconds) if seconds.isdecimal() else 1.0)
    if response.status_code in (
        502,
        503,
        504,
        520,
        521,
        522,
        523,
        524,
    ):  # a proxy's; 52x Cloudflare
        raise ServerError(status=response.status_code)
