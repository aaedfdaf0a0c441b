"""Entra ID, Resource Manager, and what a factory consists of."""

from azure.core.exceptions import ClientAuthenticationError
from azure.mgmt.resource import ResourceManagementClient, SubscriptionClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from program import SCOPE, Broken, need, refused


def entra(p):
    main_id, main_secret = p.emulator["clientId"], p.emulator["clientSecret"]

    def token():
        got = p.credential(main_id, main_secret).get_token(SCOPE)
        need(got.token.count(".") == 2, "the token is no JWT")
        need(got.expires_on > 0, "the token does not end")
        return "a JWT"

    def turned_down(credential, code):
        try:
            credential.get_token(SCOPE)
        except ClientAuthenticationError as e:
            need(code in e.message, f"want {code}, got {e.message}")
            return code
        raise Broken("not refused")

    p.call("token", token)
    p.call("token: wrong secret", lambda: turned_down(p.credential(main_id, "wrong"), "AADSTS7000215"))
    p.call("token: expired secret", lambda: turned_down(p.identity("secret has expired"), "AADSTS7000222"))


def resource_manager(p):
    credential = p.credential(p.emulator["clientId"], p.emulator["clientSecret"])
    subscriptions = SubscriptionClient(credential, **p.options()).subscriptions
    groups = ResourceManagementClient(credential, p.subscription, **p.options()).resource_groups

    def list_subscriptions():
        rows = list(subscriptions.list())
        need(rows, "no subscription")
        for r in rows:
            need(r.state == "Enabled" and r.display_name, f"a row lacks its fields: {r}")
        return len(rows)

    def get_subscription():
        got = subscriptions.get(p.subscription)
        need(got.subscription_id == p.subscription, f"another one: {got.subscription_id}")
        return got.display_name

    def list_groups():
        rows = list(groups.list())
        need(any(r.name.lower() == p.at[0].lower() for r in rows), "the group is missing")
        for r in rows:
            need(r.location and r.properties.provisioning_state == "Succeeded", f"a row lacks its fields: {r}")
        return len(rows)

    def get_group():
        got = groups.get(p.at[0])
        need(got.name.lower() == p.at[0].lower(), f"another one: {got.name}")
        return got.location

    def graph():
        client = ResourceGraphClient(credential, **p.options())
        query = QueryRequest(
            query="resources | where type =~ 'microsoft.datafactory/factories'"
            " | project id, name, location, resourceGroup, subscriptionId, tags, properties",
            options=QueryRequestOptions(result_format="objectArray", top=2),
        )
        found = 0
        while True:
            page = client.resources(query)
            need(isinstance(page.data, list), f"data is {type(page.data)}")
            found += len(page.data)
            if not page.skip_token:
                break
            query.options.skip_token = page.skip_token
        need(found == page.total_records == len(p.emulator["factories"]), f"{found} of {page.total_records} factories")
        return found

    p.call("subscriptions: list", list_subscriptions)
    p.call("subscriptions: get", get_subscription)
    p.call("resource groups: list", list_groups)
    p.call("resource groups: get", get_group)
    p.call("Resource Graph: factories", graph)


def factories(p):
    client = p.adf.factories
    etag = None

    def list_all():
        rows = list(client.list())
        want = [i for i in p.emulator["factories"] if p.subscription in i]
        need(len(rows) == len(want), f"{len(rows)} of {len(want)} factories")
        for r in rows:
            need(r.location and r.e_tag and r.create_time.tzinfo, f"a row lacks its fields: {r}")
        return len(rows)

    def list_of_group():
        rows = list(client.list_by_resource_group(p.at[0]))
        need(rows, "no factory")
        return len(rows)

    def get():
        nonlocal etag
        got = client.get(*p.at)
        need(got.name.lower() == p.at[1].lower() and got.provisioning_state == "Succeeded", f"{got}")
        etag = got.e_tag
        return got.name

    def get_unchanged():
        need(etag, "no eTag to ask with")
        need(client.get(*p.at, if_none_match=etag) is None, "want 304 and so nothing, got a factory")
        return "304"

    p.call("factories: list", list_all)
    p.call("factories: list by resource group", list_of_group)
    p.call("factories: get", get)
    p.call("factories: get, If-None-Match", get_unchanged)
    p.call("factories: get, unknown", lambda: refused(404, "ResourceNotFound", lambda: client.get(p.at[0], "adf-nowhere")))


def definitions(p):
    pipelines = p.adf.pipelines
    names = {}

    def list_pipelines():
        rows = list(pipelines.list_by_factory(*p.at))
        need(rows, "no pipeline")
        activities = [a for r in rows for a in r.activities]
        for a in activities:
            need(a.name and a.type, f"an activity lacks its fields: {a}")
        # A type that this client has no class for stays a plain Activity, without what is its own.
        typed = [a for a in activities if type(a).__name__ != "Activity"]
        need(typed, "no activity has a class of its own")
        names["pipelines"] = rows[0].name
        return f"{len(rows)} with {len(activities)} activities"

    def get_pipeline():
        got = pipelines.get(*p.at, names["pipelines"])
        need(got.name == names["pipelines"] and got.activities and got.etag, f"{got}")
        return got.name

    p.call("pipelines: list", list_pipelines)
    p.call("pipelines: get", get_pipeline)
    p.call("pipelines: get, unknown", lambda: refused(404, "NotFound", lambda: pipelines.get(*p.at, "pl_nowhere")))

    for title, client in (("linked services", p.adf.linked_services), ("datasets", p.adf.datasets)):

        def list_documents(title=title, client=client):
            rows = list(client.list_by_factory(*p.at))
            need(rows, "none")
            for r in rows:
                need(r.properties.type, f"{r.name} has no type")
                if title == "datasets":
                    need(r.properties.linked_service_name.reference_name, r.name)
            names[title] = rows[0].name
            return len(rows)

        def get_document(title=title, client=client):
            got = client.get(*p.at, names[title])
            need(got.name == names[title], f"another one: {got.name}")
            return got.properties.type

        p.call(f"{title}: list", list_documents)
        p.call(f"{title}: get", get_document)
