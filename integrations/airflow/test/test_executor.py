"""The executor against a service that is away, forgets, refuses and tells things twice. Run with `python -m unittest` where Airflow is installed."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
import unittest
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from airflow.executors.workloads import ExecuteTask
from airflow.utils.state import TaskInstanceState

from fairlead_executor import FairleadClient, FairleadError, FairleadExecutor, Refused
from fairlead_executor.executor import _client_from, _Sender


class Service:
    """Remembers what it is handed; breaks as it is told."""

    def __init__(self) -> None:
        self.runs: dict[str, dict] = {}
        self.handed: list[str] = []
        self.cancelled: list[str] = []
        self.calls: list[str] = []
        self.breaks_at_cancel: set[str] = set()
        self.is_away = False
        self.refuses: set[str] = set()

    def _answer(self) -> None:
        if self.is_away:
            raise FairleadError("connection refused")

    def submit(self, runs):
        self._answer()
        runs = [json.loads(run) for run in runs]
        if any(run["key"]["task_id"] in self.refuses for run in runs):
            raise Refused(400, "Invalid", "no such thing")
        for run in runs:
            self.handed.append(run["key"]["task_id"])
            self.calls.append(f"submit {run['id']}")
            self.runs.setdefault(run["id"], {"id": run["id"], "key": run["key"], "state": "waiting", "final": False})
        return [self.runs[run["id"]] for run in runs]

    def list(self, ids):
        self._answer()
        return [self.runs[run_id] for run_id in ids if run_id in self.runs]

    def of_keys(self, keys):
        self._answer()
        return [run for run in self.runs.values() if run["key"] in keys]

    def cancel(self, run_id):
        self._answer()
        if run_id in self.breaks_at_cancel:
            raise FairleadError("connection reset")
        if run_id not in self.runs:
            raise Refused(404, "NotFound", "there is no such run")
        self.calls.append(f"cancel {run_id}")
        self.cancelled.append(run_id)
        self.runs[run_id].update(state="revoked", final=True)
        return self.runs[run_id]

    def launch(self) -> None:
        for run in self.runs.values():
            if not run["final"]:
                run.update(state="launched", pod={"namespace": "default", "name": "pod"})


def workload(task: str, token: str = "token") -> ExecuteTask:
    return ExecuteTask.model_validate(
        {
            "ti": {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, task)),
                "dag_version_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "version")),
                "task_id": task,
                "dag_id": "dag",
                "run_id": "run",
                "try_number": 1,
                "map_index": -1,
                "pool_slots": 1,
                "queue": "default",
                "priority_weight": 1,
            },
            "dag_rel_path": "dag.py",
            "token": token,
            "log_path": None,
            "bundle_info": {"name": "dags-folder", "version": None},
        }
    )


class ExecutorTest(unittest.TestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.executor = FairleadExecutor(parallelism=10, client=self.service)
        self.sender = _Sender(self.service, self.executor._outbox, self.executor._changes, self.executor.log)

    def settle(self) -> bool:
        """What the threads do, and the next heartbeat."""
        is_done = self.sender.send()
        self.executor.sync()
        return is_done

    def start(self, *tasks: str, token: str = "token") -> None:
        for task in tasks:
            self.executor.queue_workload(workload(task, token), None)
        self.executor.heartbeat()
        self.settle()

    def tell(self, task: str, state: str, info: str | None = None) -> None:
        for run in self.service.runs.values():
            if run["key"]["task_id"] == task:
                run.update(state=state, final=state in ("success", "failed", "revoked"), info=info)
                self.executor._changes.put(dict(run))

    def states(self) -> dict[str, str]:
        return {key.task_id: str(state) for key, (state, _) in self.executor.get_event_buffer().items()}

    def test_hands_in_and_reports(self) -> None:
        self.start("a", "b")
        self.assertEqual(self.states(), {"a": "queued", "b": "queued"})
        self.tell("a", "running")
        self.tell("a", "success")
        self.tell("a", "success")
        self.tell("b", "failed", "out of memory")
        self.executor.sync()
        self.assertEqual({key.task_id: value for key, value in self.executor.event_buffer.items()},
                         {"a": (TaskInstanceState.SUCCESS, None), "b": (TaskInstanceState.FAILED, "out of memory")})
        self.assertEqual(self.executor.slots_occupied, 0)

    def test_nothing_fails_while_the_service_is_away(self) -> None:
        self.service.is_away = True
        self.start("a", "b")
        self.assertFalse(self.settle())
        self.assertEqual((self.states(), self.service.handed), ({}, []))
        self.service.is_away = False
        self.assertTrue(self.settle())
        self.settle()
        self.assertEqual(self.service.handed, ["a", "b"])

    def test_one_refused_task_fails_alone(self) -> None:
        self.service.refuses = {"bad"}
        self.start("a", "bad", "b")
        self.assertEqual(self.states(), {"a": "queued", "bad": "failed", "b": "queued"})
        self.assertEqual(self.executor.slots_occupied, 2)

    def test_a_configuration_that_is_no_json_fails_its_task(self) -> None:
        bad = workload("bad")
        bad.ti.executor_config = {"pod_template_file": object()}
        self.executor.queue_workload(bad, None)
        self.start("good")
        self.assertEqual(self.states(), {"bad": "failed", "good": "queued"})

    def test_hands_in_again_what_a_restarted_service_does_not_know(self) -> None:
        self.start("kept", "lost", "done")
        lost = next(run_id for run_id, run in self.service.runs.items() if run["key"]["task_id"] == "lost")
        del self.service.runs[lost]
        self.states()
        next(run for run in self.service.runs.values() if run["key"]["task_id"] == "done").update(state="success", final=True)
        self.executor._changes.put({"type": "reset"})
        self.executor.sync()
        self.settle()
        # All of it: a service that found a pod needs its command to launch it again.
        self.assertEqual(self.service.handed, ["kept", "lost", "done"] * 2)
        self.assertEqual((self.states(), self.executor.slots_occupied), ({"done": "success"}, 2))

    def test_a_deferred_task_that_comes_back_is_another_run(self) -> None:
        self.start("a", token="first")
        self.start("a", token="second")
        first, second = self.service.runs
        self.executor._changes.put({"id": first, "state": "success", "final": True})
        self.executor.sync()
        self.assertEqual(self.states(), {"a": "queued"})
        self.executor._changes.put({"id": second, "state": "success", "final": True})
        self.executor.sync()
        self.assertEqual(self.states(), {"a": "success"})

    def test_adopts_what_the_service_has_and_gives_the_rest_back(self) -> None:
        self.start("there", "ended", "gone")
        self.service.launch()
        self.tell("ended", "success")
        gone = next(run_id for run_id, run in self.service.runs.items() if run["key"]["task_id"] == "gone")
        del self.service.runs[gone]
        tis = [SimpleNamespace(key=workload(task).key) for task in ("there", "ended", "gone")]
        other = FairleadExecutor(parallelism=10, client=self.service)
        self.assertEqual([ti.key.task_id for ti in other.try_adopt_task_instances(tis)], ["gone"])
        self.assertEqual({key.task_id for key in other.running}, {"there"})
        self.assertEqual({key.task_id: str(state) for key, (state, _) in other.get_event_buffer().items()}, {"ended": "success"})
        self.service.is_away = True
        self.assertEqual(list(FairleadExecutor(parallelism=1, client=self.service).try_adopt_task_instances(tis)), [])

    def test_what_is_adopted_while_the_service_is_away_is_followed_once_it_tells_of_it(self) -> None:
        self.start("a", "b", "c", "gone")
        self.service.launch()
        other = FairleadExecutor(parallelism=10, client=self.service)
        instances = {task: SimpleNamespace(key=workload(task).key) for task in ("a", "b", "c", "gone")}
        self.service.is_away = True
        self.assertEqual(other.try_adopt_task_instances(list(instances.values())), [])
        # Until the service tells of them nobody knows whether they are at work.
        self.assertEqual(other.running, set())
        # Airflow takes this one back meanwhile, and hands it in anew: the run that the service may have goes first.
        other.revoke_task(ti=instances["c"])
        self.executor = other
        self.tell("a", "running")
        self.tell("b", "failed", "Evicted")
        self.tell("c", "running")
        other.sync()
        self.assertEqual({key.task_id for key in other.running}, {"a"})
        self.assertEqual(self.states(), {"b": "failed"})
        self.service.is_away = False
        self.sender = _Sender(self.service, other._outbox, other._changes, other.log)
        self.start("c", token="anew")
        first, second = (run_id for run_id, run in self.service.runs.items() if run["key"]["task_id"] == "c")
        self.assertEqual(self.service.calls[-2:], [f"cancel {first}", f"submit {second}"])
        self.tell("a", "success")
        other.sync()
        self.assertEqual(self.states(), {"a": "success", "c": "queued"})
        self.assertEqual({key.task_id for key in other.running}, {"c"})

    def test_takes_a_task_back(self) -> None:
        self.start("a")
        self.states()
        self.service.is_away = True
        self.executor.revoke_task(ti=SimpleNamespace(key=workload("a").key))
        self.assertEqual((self.settle(), self.service.cancelled, self.executor.slots_occupied), (False, [], 0))
        self.service.is_away = False
        self.assertTrue(self.settle())
        self.assertEqual(len(self.service.cancelled), 1)
        self.tell("a", "revoked")
        self.settle()
        self.assertEqual(self.states(), {})
        self.executor.revoke_task(ti=SimpleNamespace(key=workload("b").key))

    def test_a_task_that_is_taken_back_before_it_is_handed_in_is_never_handed_in(self) -> None:
        self.service.is_away = True
        self.start("a", "b")
        self.executor.revoke_task(ti=SimpleNamespace(key=workload("a").key))
        self.service.is_away = False
        self.settle()
        self.assertEqual(self.service.handed, ["b"])

    def test_a_run_without_a_pod_is_not_adopted_as_nobody_has_its_workload(self) -> None:
        self.start("launched")
        self.service.launch()
        self.start("waits", "away")
        waits, away = (run_id for run_id, run in self.service.runs.items() if run["state"] == "waiting")
        self.service.breaks_at_cancel = {away}
        other = FairleadExecutor(parallelism=10, client=self.service)
        tis = [SimpleNamespace(key=workload(task).key) for task in ("launched", "waits", "away")]
        self.assertEqual([ti.key.task_id for ti in other.try_adopt_task_instances(tis)], ["waits"])
        self.assertEqual((self.service.cancelled, {key.task_id for key in other.running}), ([waits], {"launched", "away"}))
        self.service.runs.pop(away)
        other._changes.put({"type": "reset"})
        other.sync()
        _Sender(self.service, other._outbox, other._changes, other.log).send()
        other.sync()
        # Airflow queues again what it hears nothing of.
        self.assertEqual((other.get_event_buffer(), {key.task_id for key in other.running}), ({}, {"launched"}))

    def test_a_task_that_comes_back_after_it_was_taken_back_is_handed_in_after_that(self) -> None:
        self.start("a", token="first")
        self.service.is_away = True
        self.executor.revoke_task(ti=SimpleNamespace(key=workload("a").key))
        self.start("a", token="second")
        self.service.is_away = False
        self.settle()
        first, second = self.service.runs
        self.assertEqual(self.service.calls, [f"submit {first}", f"cancel {first}", f"submit {second}"])

    def test_an_adopted_run_that_the_service_forgot_has_failed(self) -> None:
        self.start("a")
        self.service.launch()
        other = FairleadExecutor(parallelism=10, client=self.service)
        other.try_adopt_task_instances([SimpleNamespace(key=workload("a").key)])
        self.service.runs.clear()
        other._changes.put({"type": "reset"})
        other.sync()
        _Sender(self.service, other._outbox, other._changes, other.log).send()
        other.sync()
        self.assertEqual({key.task_id: str(state) for key, (state, _) in other.get_event_buffer().items()}, {"a": "failed"})


class Hanging(BaseHTTPRequestHandler):
    """Takes calls and does not answer; or knows another token."""

    token = ""
    seen: list[str | None] = []

    def do_POST(self) -> None:
        self.seen.append(self.headers["Authorization"])
        if self.headers["Authorization"] == "Bearer half":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"runs": [')
            return
        if self.headers["Authorization"] == "Bearer stranger":
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"default backend - 404")
            return
        if self.headers["Authorization"] == f"Bearer {self.token}":
            time.sleep(5)
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b'{"error": {"reason": "Unauthorized", "message": "who are you"}}')

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        pass


class ServiceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Hanging.seen.clear()

    def tearDown(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def test_the_heartbeat_waits_for_nobody(self) -> None:
        Hanging.token = "right"
        for url in (self.url, "http://127.0.0.1:9"):
            executor = FairleadExecutor(parallelism=10, client=FairleadClient(url, lambda: "right"))
            executor.start()
            executor.queue_workload(workload("a"), None)
            before = time.monotonic()
            for _ in range(5):
                executor.heartbeat()
            executor.revoke_task(ti=SimpleNamespace(key=workload("a").key))
            executor.heartbeat()
            executor.end()
            self.assertLess(time.monotonic() - before, 1)
            self.assertEqual(executor.get_event_buffer(), {})

    def test_a_token_that_is_not_taken_fails_no_task_and_may_be_changed(self) -> None:
        Hanging.token = "other"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "token")
            file.write_text("old\n")
            client = _client_from(settings(url=self.url, token_file=str(file)))
            executor = FairleadExecutor(parallelism=10, client=client)
            sender = _Sender(client, executor._outbox, executor._changes, logging.getLogger("sender"))
            executor.queue_workload(workload("a"), None)
            executor.heartbeat()
            with self.assertLogs("sender", "WARNING") as logs:
                for _ in range(3):
                    self.assertFalse(sender.send())
            self.assertEqual(len(logs.output), 1)
            self.assertIn("look at [fairlead] token and token_file", logs.output[0])
            file.write_text("new\n")
            self.assertFalse(sender.send())
            executor.sync()
        self.assertEqual((Hanging.seen, executor.get_event_buffer()), (["Bearer old"] * 3 + ["Bearer new"], {}))

    def test_an_answer_that_breaks_in_the_middle_loses_nothing(self) -> None:
        self.loses_nothing("half")

    def test_an_answer_of_somebody_else_loses_nothing(self) -> None:
        self.loses_nothing("stranger")

    def loses_nothing(self, token: str) -> None:
        client = FairleadClient(self.url, lambda: token)
        executor = FairleadExecutor(parallelism=10, client=client)
        sender = _Sender(client, executor._outbox, executor._changes, executor.log)
        executor.queue_workload(workload("a"), None)
        executor.heartbeat()
        self.assertEqual((sender.send(), sender.send(), len(Hanging.seen), len(sender._waiting)), (False, False, 2, 1))

    def test_a_configuration_that_cannot_be_used_says_why(self) -> None:
        with tempfile.NamedTemporaryFile() as empty:
            for options, words in [
                ({}, r"\[fairlead\] url is not set"),
                ({"url": "fairlead:8793"}, "must start with http:// or https://, but is 'fairlead:8793'"),
                ({"url": self.url, "token_file": "/none"}, r"\[fairlead\] token_file: .*/none"),
                ({"url": self.url, "token_file": empty.name}, "holds no token"),
            ]:
                with self.assertRaisesRegex(ValueError, words):
                    _client_from(settings(**options))


def settings(**options: str) -> SimpleNamespace:
    """A section of airflow.cfg."""
    return SimpleNamespace(get=lambda section, option, fallback: options.get(option, fallback))


if __name__ == "__main__":
    unittest.main()
