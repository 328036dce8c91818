"""Serves the connectors beside this file, as Flyte's own command does: `python serve.py PORT METRICS_PORT`."""
import sys

from flyte.connectors import ConnectorService

ConnectorService.run(int(sys.argv[1]), int(sys.argv[2]), 4, None, ["connectors"])
