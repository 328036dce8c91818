"""Does what users of the official Python client do, and prints one line for each answer."""
import os
import sys
import threading

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

configuration = client.Configuration(host=os.environ["SERVER"])
configuration.api_key = {"authorization": f"Bearer {os.environ['TOKEN']}"}
client.Configuration.set_default(configuration)
core = client.CoreV1Api()


def write() -> None:
    core.create_namespaced_config_map("default", {"metadata": {"name": "a", "labels": {"app": "x"}}, "data": {"k": "1"}})
    core.patch_namespaced_config_map("a", "default", {"data": {"k": "2"}})
    core.patch_namespaced_config_map("a", "default", {"metadata": {"labels": {"app": "y"}}})
    core.delete_namespaced_config_map("a", "default")


version = core.list_namespaced_config_map("default").metadata.resource_version
timer = threading.Timer(0.05, write)
timer.start()
seen = 0
stream = watch.Watch()
for event in stream.stream(core.list_namespaced_config_map, "default", label_selector="app=x", resource_version=version, timeout_seconds=20):
    print(event["type"], event["object"].metadata.name, event["object"].data["k"])
    seen += 1
    if seen == 3:
        stream.stop()
timer.join()
for name in ("b0", "b1", "b2"):
    core.create_namespaced_config_map("default", {"metadata": {"name": name}})
page = core.list_namespaced_config_map("default", limit=2)
print("page", len(page.items), page.metadata.remaining_item_count)
rest = core.list_namespaced_config_map("default", limit=2, _continue=page.metadata._continue)
print("page", len(rest.items), rest.metadata._continue)
try:
    core.read_namespaced_config_map("missing", "default")
except ApiException as error:
    print("error", error.status, error.reason)
try:
    for event in watch.Watch().stream(core.list_namespaced_config_map, "default", resource_version="1", timeout_seconds=2):
        print("unexpected", event["type"])
except ApiException as error:
    print("error", error.status, error.reason)
pod = client.V1Pod(metadata=client.V1ObjectMeta(name="p"), spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="i")]))
try:
    print("pod", core.create_namespaced_pod("default", pod).status.phase)
except ApiException as error:
    print("error", error.body)
    sys.exit(1)
