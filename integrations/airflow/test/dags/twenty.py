"""Twenty tasks: most succeed, some fail, one only at first, some depend on others."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG, task

with DAG("twenty", schedule="@once", start_date=datetime(2026, 1, 1), catchup=False, is_paused_upon_creation=False):

    @task
    def good(number: int) -> int:
        print(f"task {number} ran")
        return number * number

    @task(retries=0)
    def bad(number: int) -> None:
        raise RuntimeError(f"task {number} fails on purpose")

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def flaky(**context) -> str:
        if context["ti"].try_number == 1:
            raise RuntimeError("not the first time")
        return "second try"

    @task
    def add_up(numbers: list[int]) -> int:
        return sum(numbers)

    @task
    def after_bad() -> None:
        print("never")

    @task(trigger_rule="all_done")
    def last() -> str:
        return "done"

    goods = [good.override(task_id=f"good_{number}")(number) for number in range(13)]
    bads = [bad.override(task_id=f"bad_{number}")(number) for number in range(3)]
    total = add_up(goods[:3])
    bads[0] >> after_bad()
    [*goods[3:5], bads[1]] >> last()
    flaky()
