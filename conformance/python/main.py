"""Asks the emulated Azure with Microsoft's own Python clients, as Debian packages them and unmodified, and prints one
JSON line for each call of the surface: whether the client got what it wants and one fact that proves it decoded the
answer.

    /usr/bin/python3 main.py emulator.json endpoints   # custom cloud: authority and Resource Manager in the options
    /usr/bin/python3 main.py emulator.json proxy       # default cloud: only HTTPS_PROXY and REQUESTS_CA_BUNDLE
"""

import sys

from program import Program
from resources import definitions, entra, factories, resource_manager
from runs import cancels, create_runs, pipeline_runs
from triggers import runtimes, trigger_runs, triggers

if len(sys.argv) != 3 or sys.argv[2] not in ("endpoints", "proxy"):
    sys.exit("usage: main.py FILE endpoints|proxy, where FILE holds the line of andon emulate --json")

program = Program(*sys.argv[1:])
for part in (
    entra,
    resource_manager,
    factories,
    definitions,
    pipeline_runs,
    create_runs,
    cancels,
    triggers,
    trigger_runs,
    runtimes,
):
    part(program)
sys.exit(1 if program.failed else 0)
