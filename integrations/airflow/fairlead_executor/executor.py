"""The executor: Airflow's books on one side, the service on the other."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask

from fairlead_executor.client import FairleadClient, FairleadError, Refused

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey

_SECTION = "fairlead"
#: Seconds between attempts to reach a service that does not answer.
_RETRY_SECONDS = 1.0
#: Runs in one call: each holds a workload of a few kilobytes.
_BATCH = 100


class FairleadExecutor(BaseExecutor):
    """Hands workloads to a Fairlead service and reports what it tells of them.

    A workload is kept until the service tells how its run ended. While the service cannot be reached nothing fails:
    what it does not have yet is handed in again, under the same id, and ids that it has are not started again.
    ``sync`` never waits for the service: a thread talks to it and another one listens.
    """

    is_local = False
    is_production = True
    supports_ad_hoc_ti_run = False

    def __init__(self, *args: Any, client: FairleadClient | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._client = client
        self._runs: dict[str, _Run] = {}
        self._ids: dict[TaskInstanceKey, str] = {}
        #: Adopted while the service could not say what it has of them, and what Airflow has taken back of them since.
        self._unasked: dict[str, TaskInstanceKey] = {}
        self._given_up: dict[str, TaskInstanceKey] = {}
        self._changes: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[_Run | None] = queue.SimpleQueue()
        self._threads: list[_Follower | _Sender] = []

    def start(self) -> None:
        """Starts to hand in and to follow the changes of the service."""
        if self._client is None:
            self._client = _client_from(self.conf)
        self._threads = [_Sender(self._client, self._outbox, self._changes, self.log), _Follower(self._client, self._changes, self.log)]
        for thread in self._threads:
            thread.start()

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        """Takes workloads over and hands them in."""
        for workload in workload_items:
            if not isinstance(workload, ExecuteTask):
                raise RuntimeError(f"{type(self).__name__} runs tasks, but was given a {type(workload).__name__}")
            self.queued_tasks.pop(workload.key, None)
            self.running.add(workload.key)
            run = _Run.of(workload)
            self._keep(run)
            try:
                run.body = json.dumps(run.as_dict())
            except Exception as error:  # A configuration that is no JSON fails its task, not the scheduler.
                self._end(run, "failed", f"Invalid executor_config passed: {error}")
            else:
                self._outbox.put(run)

    def sync(self) -> None:
        """Reports what the service told."""
        for _ in range(10_000):
            try:
                change = self._changes.get_nowait()
            except queue.Empty:
                return
            self._apply(change)

    def _apply(self, change: dict[str, Any]) -> None:
        if change.get("type") == "reset":
            # The service may know less than it did: it is told all again. What it has it does not start again.
            for run in self._runs.values():
                self._outbox.put(run)
            return
        run = self._runs.get(change.get("id", "")) or self._found(change)
        if run is None:
            return
        run.has_pod = run.has_pod or "pod" in change
        if change.get("type") == "sent" and not run.is_sent:
            run.is_sent = True
            # Airflow keeps the text as the external id of the task instance.
            self.change_state(run.key, "queued", run.id, remove_running=False)
        if change.get("final"):
            self._end(run, change["state"], change.get("info"))

    def _found(self, change: dict[str, Any]) -> _Run | None:
        """The run of a task that was adopted while the service was away, once the service tells of it."""
        text = _text_of(change.get("key"))
        if change.get("final") and change["state"] in ("revoked", "adopted"):
            return None
        if (key := self._given_up.pop(text, None)) is not None:
            self._take_back_later(_Run(change["id"], key, None))
            return None
        key = self._unasked.get(text)
        return None if key is None else self._follow(key, change)

    def _follow(self, key: TaskInstanceKey, answer: dict[str, Any]) -> _Run:
        """Takes a run over that the service has; nobody here has its workload."""
        run = _Run(answer["id"], key, None, is_sent=True, has_pod="pod" in answer)
        self.running.add(key)
        self._keep(run)
        return run

    def _keep(self, run: _Run) -> None:
        self._unasked.pop(_text_of(_key_dict(run.key)), None)
        self._runs[run.id] = run
        self._ids[run.key] = run.id

    def _end(self, run: _Run, state: str, info: str | None) -> None:
        self._runs.pop(run.id, None)
        # A newer run of the same key must not be ended by an older one.
        if self._ids.get(run.key) != run.id:
            return
        del self._ids[run.key]
        if state == "success":
            self.success(run.key, info)
        elif state == "failed":
            self.log.warning("%s failed: %s", run.key, info)
            self.fail(run.key, info)
        else:
            self.running.discard(run.key)

    def revoke_task(self, *, ti: TaskInstance) -> None:
        """Takes a task back; its pod is deleted as soon as the service can be reached."""
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)
        text = _text_of(_key_dict(ti.key))
        if self._unasked.pop(text, None) is not None:
            self._given_up[text] = ti.key
        run = self._runs.pop(self._ids.pop(ti.key, ""), None)
        if run is not None:
            self._take_back_later(run)

    def _take_back_later(self, run: _Run) -> None:
        run.is_revoked = True
        self._outbox.put(run)

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Takes over the tasks that the service has; answers the others, which Airflow may start anew."""
        if not tis:
            return []
        try:
            answers = self._client.of_keys([_key_dict(ti.key) for ti in tis])
        except FairleadError as error:
            # To start them anew would run those twice that the service has.
            self.log.warning("no task can be adopted until the service can be reached: %s", error)
            self._unasked.update((_text_of(_key_dict(ti.key)), ti.key) for ti in tis)
            return []
        by_key = {_text_of(answer["key"]): answer for answer in answers}
        left = []
        for ti in tis:
            answer = by_key.get(_text_of(_key_dict(ti.key)))
            if answer is not None and "pod" not in answer and not answer.get("final"):
                answer = self._take_back(answer)
            if answer is None or answer["state"] in ("revoked", "adopted"):
                left.append(ti)
                continue
            self._follow(ti.key, answer)
            self._apply(answer)
        return left

    def _take_back(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """Nobody has the workload of the run any more: a service that begins anew could not be told it again. Airflow makes another."""
        try:
            return self._client.cancel(answer["id"])
        except Refused:
            return None
        except FairleadError as error:
            self.log.warning("the run %s may still start: %s", answer["id"], error)
            return answer

    def end(self) -> None:
        """Stops to hand in and to follow; the runs go on, and the next scheduler adopts them."""
        for thread in self._threads:
            thread.stop()
        self._threads = []

    def terminate(self) -> None:
        """The same at once."""
        self.end()


class _Run:
    """One workload and the id that the service has it under."""

    def __init__(self, run_id: str, key: TaskInstanceKey, workload: ExecuteTask | None, is_sent: bool = False, has_pod: bool = False):
        self.id = run_id
        self.key = key
        self.workload = workload
        self.is_sent = is_sent
        #: The service had a pod for it; of interest for a run that was adopted.
        self.has_pod = has_pod
        #: The service is to forget the run.
        self.is_revoked = False
        #: What is handed in; empty for a run that was adopted, whose workload nobody here has.
        self.body = ""

    @classmethod
    def of(cls, workload: ExecuteTask) -> _Run:
        """Each queueing of a task has a token of its own, so a deferred task that comes back is another run."""
        digest = hashlib.sha256(workload.token.encode()).hexdigest()[:16]
        return cls(f"{workload.ti.id}-{digest}", workload.key, workload)

    def as_dict(self) -> dict[str, Any]:
        ti = self.workload.ti
        run = {
            "id": self.id,
            "key": _key_dict(self.key),
            "workload": self.workload.model_dump_json(),
            "priority": ti.priority_weight,
            "queue": ti.queue,
        }
        config = _plain(getattr(ti, "executor_config", None))
        return {**run, "executor_config": config} if config else run


def _key_dict(key: TaskInstanceKey) -> dict[str, Any]:
    return {
        "dag_id": key.dag_id,
        "task_id": key.task_id,
        "run_id": key.run_id,
        "try_number": key.try_number,
        "map_index": key.map_index,
    }


def _text_of(key: dict[str, Any] | None) -> str:
    """Equal for equal keys, in whatever order a service writes them."""
    return json.dumps(key, sort_keys=True)


def _plain(config: Any) -> Any:
    """A pod of the Kubernetes client as its JSON form, if that client is installed; anything else as it is."""
    pod = config.get("pod_override") if isinstance(config, dict) else None
    if pod is None or isinstance(pod, dict):
        return config
    from kubernetes.client import ApiClient

    return {**config, "pod_override": ApiClient().sanitize_for_serialization(pod)}


def _client_from(conf: Any) -> FairleadClient:
    url = conf.get(_SECTION, "url", fallback="")
    if not url:
        raise ValueError("[fairlead] url is not set: it is the address of `fairlead airflow serve`")
    text = conf.get(_SECTION, "token", fallback="") or None
    file = conf.get(_SECTION, "token_file", fallback="")
    if not file:
        return FairleadClient(url, lambda: text)
    try:
        _read_token(file)
    except (OSError, FairleadError) as error:
        raise ValueError(f"[fairlead] token_file: {error}") from error
    return FairleadClient(url, lambda: _read_token(file))


def _read_token(file: str) -> str:
    """Read anew for each call: a token that is mounted may be changed."""
    token = Path(file).read_text().strip()
    if not token:
        raise FairleadError(f"{file} holds no token")
    return token


class _Outage:
    """Tells of a service that is away once, and once when it is there again."""

    def __init__(self, log: Any):
        self._log = log
        self._why: str | None = None

    def began(self, what: str, error: Exception) -> None:
        if self._why != str(error):
            self._why = str(error)
            self._log.warning("%s: %s", what, error)

    def ended(self) -> None:
        if self._why is not None:
            self._why = None
            self._log.info("the service answers again")


class _Sender(threading.Thread):
    """Hands runs in and takes them back, as often as it takes; the answers are changes like others."""

    def __init__(self, client: FairleadClient, outbox: queue.SimpleQueue[_Run | None], changes: queue.SimpleQueue[dict[str, Any]], log: Any):
        super().__init__(name="fairlead-sender", daemon=True)
        self._client = client
        self._in = outbox
        self._out = changes
        self._log = log
        self._outage = _Outage(log)
        self._stopping = threading.Event()
        self._waiting: list[_Run] = []

    def run(self) -> None:
        while not self._stopping.is_set():
            if not self._waiting and (first := self._in.get()) is not None:
                self._waiting.append(first)
            try:
                is_done = self.send()
            except Exception:
                self._log.exception("the service could not be talked to")
                is_done = False
            if not is_done:
                self._stopping.wait(_RETRY_SECONDS)

    def send(self) -> bool:
        """Sends what is there. False: the service cannot be reached, and the rest waits."""
        while True:
            self._take()
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            if not batch:
                return True
            try:
                self._send([run for run in batch if not run.is_revoked], [run for run in batch if run.is_revoked])
                self._outage.ended()
            except Exception as error:
                self._waiting = batch + self._waiting
                self._outage.began("tasks wait until the service can be reached", error)
                return False

    def _take(self) -> None:
        while True:
            try:
                run = self._in.get_nowait()
            except queue.Empty:
                return
            if run is not None:
                self._waiting.append(run)

    def _send(self, runs: list[_Run], revoked: list[_Run]) -> None:
        # First: the task may be among the others once more, and its new run waits for the end of this one.
        for run in revoked:
            try:
                self._client.cancel(run.id)
            except Refused as error:
                self._log.debug("the service has no run to take back: %s", error)
        adopted = [run for run in runs if not run.body]
        if adopted:
            known = {answer["id"]: answer for answer in self._client.list([run.id for run in adopted])}
            for run in adopted:
                # What never had a pod has not begun: Airflow queues it again by itself, and no try of the task is used up.
                unknown = {"state": "failed" if run.has_pod else "revoked", "final": True, "info": "the service does not know the run any more"}
                self._out.put({**unknown, "id": run.id, **known.get(run.id, {})})
        self._submit([run for run in runs if run.body])

    def _submit(self, runs: list[_Run]) -> None:
        if not runs:
            return
        try:
            answers = self._client.submit([run.body for run in runs])
        except Refused as error:
            # One of them is refused; the others must not suffer for it.
            if len(runs) > 1:
                for run in runs:
                    self._submit([run])
                return
            answers = [{"id": runs[0].id, "state": "failed", "final": True, "info": f"the service refused the task: {error}"}]
        for answer in answers:
            self._out.put({**answer, "type": "sent"})

    def stop(self) -> None:
        self._stopping.set()
        self._in.put(None)


class _Follower(threading.Thread):
    """Puts the changes of the service into a queue, over broken connections and restarts."""

    def __init__(self, client: FairleadClient, changes: queue.SimpleQueue[dict[str, Any]], log: Any):
        super().__init__(name="fairlead-changes", daemon=True)
        self._client = client
        self._out = changes
        self._log = log
        self._stopping = threading.Event()
        self._outage = _Outage(log)
        self._cursor: str | None = None

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                for change in self._client.changes(self._cursor):
                    if self._stopping.is_set():
                        return
                    self._outage.ended()
                    self._cursor = change.get("cursor", self._cursor)
                    if change.get("type") != "alive":
                        self._out.put(change)
            except Refused as error:
                if error.status != 410:
                    self._log.error("the service refuses to tell of changes: %s", error)
                else:
                    self._cursor = None
                    self._out.put({"type": "reset"})
            except FairleadError as error:
                self._outage.began("the changes of the service cannot be followed at the moment", error)
            except Exception:
                self._log.exception("a change of the service could not be read")
            self._stopping.wait(_RETRY_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
