"""An executor of Airflow 3 that hands its workloads to a Fairlead service, which runs each as a pod.

Needs nothing but Airflow and Python's standard library. Switch with

    [core]
    executor = fairlead_executor.FairleadExecutor

    [fairlead]
    url = http://fairlead-airflow:8793
    token_file = /run/secrets/fairlead/token
"""

from fairlead_executor.client import FairleadClient, FairleadError, Refused
from fairlead_executor.executor import FairleadExecutor

__all__ = ["FairleadClient", "FairleadError", "FairleadExecutor", "Refused"]
__version__ = "0.1.0"
