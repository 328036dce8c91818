"""Connectors written with nothing but Flyte's own package: jobs that live in a file for as long as their task says."""
import json
import os
import time
from dataclasses import dataclass
from typing import Any, Dict, Optional

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.connector.connector_pb2 import GetTaskLogsResponse, GetTaskLogsResponseBody, GetTaskLogsResponseHeader, GetTaskMetricsResponse
from flyteidl2.core.execution_pb2 import TaskExecution, TaskLog
from flyteidl2.core.metrics_pb2 import ExecutionMetricResult

JOURNAL = os.environ["CONNECTOR_JOURNAL"]


def note(**line: Any) -> None:
    with open(JOURNAL, "a") as journal:
        journal.write(json.dumps(line) + "\n")


@dataclass
class JobMeta(ResourceMeta):
    job: str
    since: float
    seconds: float
    end: str
    text: str


class JobConnector(AsyncConnector[JobMeta]):
    name = "Job Connector"
    task_type_name = "python-job"
    metadata_type = JobMeta

    async def create(self, task_template, output_prefix, inputs: Optional[Dict[str, Any]] = None, task_execution_metadata=None, **kwargs) -> JobMeta:
        attempt = task_execution_metadata.task_execution_id.retry_attempt
        config = dict(task_template.config)
        note(op="create", name=task_template.id.name, attempt=attempt, inputs=inputs, token=kwargs.get("token"), prefix=output_prefix,
             labels=dict(task_execution_metadata.labels), env=dict(task_execution_metadata.environment_variables))
        if config.get("refuse") == "yes":
            raise ValueError("the job was refused")
        end = config.get("end", "SUCCEEDED").split(",")
        return JobMeta(job=f"{task_template.id.name}-{attempt}", since=time.time(), seconds=float(config.get("seconds", "0.5")),
                       end=end[min(attempt, len(end) - 1)], text=str((inputs or {}).get("text", "")))

    async def get(self, resource_meta: JobMeta, **kwargs) -> Resource:
        note(op="get", job=resource_meta.job, token=kwargs.get("token"))
        age = time.time() - resource_meta.since
        links = [TaskLog(name="console", uri=f"https://jobs.example.org/{resource_meta.job}")]
        if age < resource_meta.seconds:
            return Resource(phase=TaskExecution.RUNNING, message="at work", log_links=links, custom_info={"job": resource_meta.job})
        phase = TaskExecution.Phase.Value(resource_meta.end)
        if phase != TaskExecution.SUCCEEDED:
            return Resource(phase=phase, message=f"it ended as {resource_meta.end}", log_links=links)
        return Resource(phase=phase, log_links=links, outputs={"length": len(resource_meta.text)})

    async def delete(self, resource_meta: JobMeta, **kwargs) -> None:
        note(op="delete", job=resource_meta.job, token=kwargs.get("token"))

    async def get_metrics(self, resource_meta: JobMeta, **kwargs) -> GetTaskMetricsResponse:
        return GetTaskMetricsResponse(results=[ExecutionMetricResult(metric="cpu")])

    async def get_logs(self, resource_meta: JobMeta, **kwargs):
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[f"{resource_meta.job} begins"]))
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token="next"))


ConnectorRegistry.register(JobConnector())
