"""Speaks the HTTP interface of `fairlead airflow serve`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any


class FairleadError(Exception):
    """The service could not be reached or is unwell; the same call may succeed later."""


class Unauthorized(FairleadError):
    """The service does not take the token; no task is to blame for that, and a token may be changed."""


class Refused(FairleadError):
    """The service understood the call and will not carry it out; trying again changes nothing."""

    def __init__(self, status: int, reason: str, message: str):
        super().__init__(message)
        self.status = status
        self.reason = reason


#: Answers that a later call may not get again.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


#: What a connection breaks with: an answer that ends in the middle is no ``OSError``.
_BROKEN = (OSError, http.client.HTTPException)


class FairleadClient:
    """One call each; nothing is repeated here. ``token`` is asked before each call, so that it may change."""

    def __init__(self, url: str, token: Callable[[], str | None], timeout: float = 10.0, idle_timeout: float = 45.0):
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"the address of the service must start with http:// or https://, but is {url!r}")
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._idle_timeout = idle_timeout

    def submit(self, bodies: list[str]) -> list[dict[str, Any]]:
        """Hands runs in, each as its JSON. A run that the service has already is not started again."""
        return self._call("POST", "/v1/runs", f'{{"runs": [{", ".join(bodies)}]}}')["runs"]

    def list(self, ids: list[str]) -> list[dict[str, Any]]:
        """The runs of these ids that the service knows."""
        return self._call("POST", "/v1/runs/lookup", json.dumps({"ids": ids}))["runs"]

    def of_keys(self, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The newest runs of these keys that the service knows."""
        return self._call("POST", "/v1/runs/lookup", json.dumps({"keys": keys}))["runs"]

    def cancel(self, run_id: str) -> dict[str, Any]:
        """Takes a run back and deletes its pod."""
        return self._call("DELETE", f"/v1/runs/{run_id}", None)

    def changes(self, after: str | None) -> Iterator[dict[str, Any]]:
        """Follows changes behind the given cursor until the stream ends; lines without a run keep it alive."""
        path = "/v1/changes" if after is None else f"/v1/changes?after={after}"
        response = self._open("GET", path, None, self._idle_timeout)
        with response:
            while line := self._read_line(response):
                yield json.loads(line)

    @staticmethod
    def _read_line(response: Any) -> bytes:
        try:
            return response.readline()
        except _BROKEN as error:
            raise FairleadError(f"the stream of changes broke: {error}") from error

    def _call(self, method: str, path: str, body: str | None) -> Any:
        with self._open(method, path, body, self._timeout) as response:
            try:
                return json.loads(response.read())
            except (*_BROKEN, ValueError) as error:
                raise FairleadError(f"{method} {path}: the answer could not be read: {error}") from error

    def _open(self, method: str, path: str, body: str | None, timeout: float) -> Any:
        headers = {"Accept": "application/json" if method != "GET" else "application/x-ndjson"}
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            data = body.encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self._url + path, data=data, headers=headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                reason, message = _error_of(error)
            if error.code in (401, 403):
                raise Unauthorized(f"{method} {path}: {message}; look at [fairlead] token and token_file") from error
            # What is in between, or has the address while the service is away, says nothing about tasks.
            if error.code in _PASSING or (reason is None and error.code != 413):
                raise FairleadError(f"{method} {path}: {message}") from error
            raise Refused(error.code, reason or "Unknown", f"{method} {path}: {message}") from error
        except _BROKEN as error:
            raise FairleadError(f"{method} {path}: {error}") from error


def _error_of(error: urllib.error.HTTPError) -> tuple[str | None, str]:
    """The service's own words; no reason when the answer is not the service's."""
    try:
        content = json.loads(error.read())["error"]
        return content["reason"], content["message"]
    except (*_BROKEN, ValueError, KeyError, TypeError):
        return None, f"the answer is {error.code}, and not the service's"
