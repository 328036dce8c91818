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
    """

    is_local = False
    is_production = True
    supports_ad_hoc_ti_run = False

    def __init__(self, *args: Any, client: FairleadClient | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._client = client
        self._runs: dict[str, _Run] = {}
        self._ids: dict[TaskInstanceKey, str] = {}
        self._changes: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._follower: _Follower | None = None

    def start(self) -> None:
        """Starts to follow the changes of the service."""
        if self._client is None:
            self._client = _client_from(self.conf)
        self._follower = _Follower(self._client, self._changes, self.log)
        self._follower.start()

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        """Takes workloads over; they are handed in with the next `sync`, all in one call."""
        for workload in workload_items:
            if not isinstance(workload, ExecuteTask):
                raise RuntimeError(f"{type(self).__name__} runs tasks, but was given a {type(workload).__name__}")
            self.queued_tasks.pop(workload.key, None)
            self.running.add(workload.key)
            self._keep(_Run.of(workload))

    def sync(self) -> None:
        """Hands in what the service does not have, and reports what it told."""
        self._submit()
        for _ in range(10_000):
            try:
                change = self._changes.get_nowait()
            except queue.Empty:
                return
            self._apply(change)

    def _submit(self) -> None:
        unsent = [run for run in self._runs.values() if not run.is_sent]
        for start in range(0, len(unsent), _BATCH):
            batch = [run for run in unsent[start : start + _BATCH] if self._is_readable(run)]
            if not batch:
                continue
            try:
                answers = self._client.submit([run.as_dict() for run in batch])
            except Refused as error:
                if len(batch) == 1:
                    self._end(batch[0], "failed", f"the service refused the task: {error}")
                else:
                    self._submit_each(batch)
            except FairleadError as error:
                self.log.warning("%d tasks wait until the service can be reached: %s", len(unsent) - start, error)
                return
            else:
                self._sent(batch, answers)

    def _is_readable(self, run: _Run) -> bool:
        """A configuration that is no JSON fails its task, not the scheduler."""
        try:
            json.dumps(run.as_dict())
        except Exception as error:
            self._end(run, "failed", f"Invalid executor_config passed: {error}")
            return False
        return True

    def _submit_each(self, batch: list[_Run]) -> None:
        """One of them is refused; the others must not suffer for it."""
        for run in batch:
            try:
                self._sent([run], self._client.submit([run.as_dict()]))
            except Refused as error:
                self._end(run, "failed", f"the service refused the task: {error}")
            except FairleadError:
                return

    def _sent(self, batch: list[_Run], answers: list[dict[str, Any]]) -> None:
        for run in batch:
            run.is_sent = True
            # Airflow keeps the text as the external id of the task instance.
            self.change_state(run.key, "queued", run.id, remove_running=False)
        for answer in answers:
            self._apply(answer)

    def _apply(self, change: dict[str, Any]) -> None:
        if change.get("type") == "reset":
            self._reconcile()
            return
        run = self._runs.get(change.get("id", ""))
        if run is not None and change.get("final"):
            self._end(run, change["state"], change.get("info"))

    def _reconcile(self) -> None:
        """The service does not know what was told before: ask for all runs, and hand in those that it has lost."""
        ids = [run.id for run in self._runs.values() if run.is_sent]
        try:
            known = {answer["id"]: answer for start in range(0, len(ids), 1000) for answer in self._client.list(ids[start : start + 1000])}
        except FairleadError as error:
            self.log.warning("the runs could not be compared with those of the service: %s", error)
            self._changes.put({"type": "reset"})
            return
        for run_id in ids:
            run = self._runs[run_id]
            if run_id not in known:
                run.is_sent = run.workload is None
                if run.workload is None:
                    self._end(run, "failed", "the service does not know the run any more")
            else:
                self._apply(known[run_id])

    def _keep(self, run: _Run) -> None:
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
        """Takes a task back; its pod is deleted."""
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)
        run_id = self._ids.pop(ti.key, None)
        if run_id is None:
            return
        self._runs.pop(run_id, None)
        try:
            self._client.cancel(run_id)
        except FairleadError as error:
            self.log.warning("the run %s could not be taken back: %s", run_id, error)

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Takes over the tasks that the service has; answers the others, which Airflow may start anew."""
        if not tis:
            return []
        try:
            answers = self._client.of_keys([_key_dict(ti.key) for ti in tis])
        except FairleadError as error:
            # To start them anew would run those twice that the service has.
            self.log.warning("no task can be adopted until the service can be reached: %s", error)
            return []
        by_key = {json.dumps(answer["key"], sort_keys=True): answer for answer in answers}
        left = []
        for ti in tis:
            answer = by_key.get(json.dumps(_key_dict(ti.key), sort_keys=True))
            if answer is None or answer["state"] in ("revoked", "adopted"):
                left.append(ti)
                continue
            self.running.add(ti.key)
            self._keep(_Run(answer["id"], ti.key, None, is_sent=True))
            self._apply(answer)
        return left

    def end(self) -> None:
        """Stops to follow; the runs go on, and the next scheduler adopts them."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    def terminate(self) -> None:
        """The same at once."""
        self.end()


class _Run:
    """One workload and the id that the service has it under."""

    def __init__(self, run_id: str, key: TaskInstanceKey, workload: ExecuteTask | None, is_sent: bool = False):
        self.id = run_id
        self.key = key
        self.workload = workload
        self.is_sent = is_sent

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
    token = conf.get(_SECTION, "token", fallback="") or None
    token_file = conf.get(_SECTION, "token_file", fallback="")
    if token_file:
        token = Path(token_file).read_text().strip()
    return FairleadClient(url, token)


class _Follower(threading.Thread):
    """Puts the changes of the service into a queue, over broken connections and restarts."""

    def __init__(self, client: FairleadClient, changes: queue.SimpleQueue[dict[str, Any]], log: Any):
        super().__init__(name="fairlead-changes", daemon=True)
        self._client = client
        self._out = changes
        self._log = log
        self._stopping = threading.Event()
        self._cursor: str | None = None

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                for change in self._client.changes(self._cursor):
                    if self._stopping.is_set():
                        return
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
                self._log.warning("the changes of the service cannot be followed at the moment: %s", error)
            except Exception:
                self._log.exception("a change of the service could not be read")
            self._stopping.wait(_RETRY_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
