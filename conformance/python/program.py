"""What the calls share: how to reach the emulator, how a call is reported, what earlier calls found for later ones."""

import datetime
import json
import urllib.request

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.datafactory import DataFactoryManagementClient
from azure.mgmt.datafactory._version import VERSION

SCOPE = "https://management.azure.com/.default"
NOBODY = "00000000-0000-4000-8000-000000000000"
OVER = ("Succeeded", "Failed", "Cancelled")


class Broken(Exception):
    """A call that did not give what the client wants."""


def need(holds, what):
    """End the call as failed unless it holds."""
    if not holds:
        raise Broken(what)


def refused(status, code, ask):
    """Demand the SDK's own type of error, with this status and code; an empty code is not looked at."""
    try:
        ask()
    except HttpResponseError as e:
        need(e.status_code == status, f"want status {status}, got {e.status_code}: {e.message}")
        need(not code or e.error.code == code, f"want {code}, got {e.error}")
        return f"{status} {code}".strip()
    raise Broken("not refused")


def every_page(ask, model):
    """Follow the continuation tokens of a query, for which the client has no pager."""
    rows, pages = [], 0
    while True:
        page = ask(model)
        rows += page.value
        pages += 1
        if not page.continuation_token:
            return rows, pages
        model.continuation_token = page.continuation_token


class Program:
    """One run over the surface."""

    def __init__(self, file, way):
        with open(file, encoding="utf-8") as f:
            self.emulator = json.load(f)
        self.way, self.failed = way, False
        _, _, self.subscription, _, group, _, _, _, factory = self.emulator["factories"][0].split("/")
        self.at = (group, factory)
        now = datetime.datetime.fromisoformat(self.control("/clock")["now"][:19] + "+00:00")
        self.after, self.before = now - datetime.timedelta(hours=25), now - datetime.timedelta(hours=1)
        self.adf = self.client(self.credential(self.emulator["clientId"], self.emulator["clientSecret"]))
        # What earlier calls found: runs of a day, one that failed, and its first activity.
        self.runs, self.failed_run, self.first_activity = [], None, None

    def options(self):
        """Options of every Resource Manager client. The scopes default to those of base_url, which Entra ID knows no
        resource of."""
        if self.way == "proxy":
            return {}
        return {"base_url": self.emulator["resourceManager"], "credential_scopes": [SCOPE]}

    def client(self, credential):
        return DataFactoryManagementClient(credential, self.subscription, **self.options())

    def credential(self, client_id, secret):
        options = {}
        if self.way == "endpoints":
            # The first is the name of azure-identity 1.13 and newer, the second that of its previews, which Debian has.
            # A name that a version doesn't know is passed over in silence.
            options = {
                "authority": self.emulator["authority"],
                "disable_instance_discovery": True,
                "instance_discovery": False,
            }
        return ClientSecretCredential(self.emulator["tenantId"], client_id, secret, **options)

    def identity(self, text):
        """Return the further app registration whose description holds text."""
        for i in self.emulator["identities"]:
            if text in i["what"]:
                return self.credential(i["clientId"], i["clientSecret"])
        raise Broken(f"no identity {text!r} in the emulator's line")

    def control(self, path, body=None):
        """Ask the emulator's own listener."""
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(self.emulator["control"] + path, data) as answer:
            return json.load(answer)

    def advance(self, by):
        self.control("/clock", {"advance": by})

    def call(self, name, ask):
        """Make one call of the surface and print its line."""
        line = {"client": "python", "version": f"azure-mgmt-datafactory {VERSION}", "way": self.way, "call": name}
        try:
            line |= {"ok": True, "result": str(ask())}
        except Exception as e:  # noqa: BLE001 - whatever ends a call is what the line reports
            self.failed = True
            line |= {"ok": False, "error": f"{type(e).__name__}: {e}"}
        print(json.dumps(line), flush=True)
