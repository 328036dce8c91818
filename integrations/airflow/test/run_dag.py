"""Runs one DAG with a real scheduler and a real execution API in this process, and prints how its tasks ended as JSON.

    python run_dag.py DAG_ID SECONDS
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit


def serve_execution_api() -> None:
    """The part of the API server that workers talk to."""
    import uvicorn
    from airflow.api_fastapi.app import create_app

    address = urlsplit(os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    server = uvicorn.Server(uvicorn.Config(create_app(apps="execution"), host=address.hostname, port=address.port, log_level="warning"))
    server.install_signal_handlers = lambda: None
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)


def store_dags() -> None:
    """What the DAG processor does."""
    from airflow.configuration import conf
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    folder = conf.get("core", "dags_folder")
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, "dags-folder", None)


def outcome(dag_id: str) -> dict | None:
    """States of the run's tasks, once the run is over."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id))
        if run is None or run.state not in ("success", "failed"):
            return None
        tis = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == dag_id)).all()
        return {
            "run": str(run.state),
            "tasks": {ti.task_id: [str(ti.state), ti.try_number, bool(ti.external_executor_id)] for ti in tis},
        }


def main(dag_id: str, seconds: float) -> int:
    from airflow.utils.db import initdb

    initdb()
    store_dags()
    serve_execution_api()

    from airflow.jobs.job import Job, run_job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    job = Job()
    runner = SchedulerJobRunner(job=job, num_runs=-1, scheduler_idle_sleep_time=0.2)
    result: dict = {}

    def watch() -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not result:
            time.sleep(0.5)
            result.update(outcome(dag_id) or {})
        # The run is over when its last task says so; the worker that said it takes a moment to leave.
        while time.monotonic() < until and any(executor.slots_occupied for executor in runner.executors):
            time.sleep(0.1)
        runner.num_runs = 1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    run_job(job=job, execute_callable=runner._execute)
    watcher.join(5)
    result["slots"] = sum(executor.slots_occupied for executor in runner.executors)
    print("OUTCOME " + json.dumps(result), flush=True)
    return 0 if "run" in result else 1


if __name__ == "__main__":
    code = main(sys.argv[1], float(sys.argv[2]))
    # The server's thread and Airflow's own must not hold the process.
    os._exit(code)
