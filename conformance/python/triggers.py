"""Triggers, their runs, and integration runtimes."""

import datetime

from azure.mgmt.datafactory.models import (
    RunFilterParameters,
    RunQueryFilter,
    ScheduleTrigger,
    SelfHostedIntegrationRuntime,
    SelfHostedIntegrationRuntimeStatus,
    TriggerFilterParameters,
    TumblingWindowTrigger,
)

from program import every_page, need, refused


def triggers(p):
    client = p.adf.triggers
    names = {}  # by the trigger's type, of those that are started

    def started(kind):
        need(kind in names, f"no started trigger is a {kind}")
        return names[kind]

    def list_all():
        rows = list(client.list_by_factory(*p.at))
        need(rows, "no trigger")
        for r in rows:
            need(r.properties.type and r.properties.runtime_state, f"{r.name} lacks its fields")
            if r.properties.runtime_state == "Started":
                names[r.properties.type] = r.name
        return f"{len(rows)} of {len(names)} types started"

    def get():
        schedule = client.get(*p.at, started("ScheduleTrigger")).properties
        need(isinstance(schedule, ScheduleTrigger), f"{schedule}")
        need(schedule.recurrence.frequency and schedule.recurrence.start_time, f"{schedule}")
        need(schedule.pipelines[0].pipeline_reference.reference_name, "it starts no pipeline")
        window = client.get(*p.at, started("TumblingWindowTrigger")).properties
        need(isinstance(window, TumblingWindowTrigger) and window.max_concurrency, f"{window}")
        return "a schedule and a tumbling window"

    def query():
        rows, _ = every_page(lambda m: client.query_by_factory(*p.at, m), TriggerFilterParameters())
        need(rows, "no trigger")
        return len(rows)

    def subscription():
        name = started("BlobEventsTrigger")
        got = client.get_event_subscription_status(*p.at, name)
        need(got.trigger_name == name and got.status == "Enabled", f"{got}")
        return got.status

    def switch(begin, want):
        name = started("ScheduleTrigger")
        begin(*p.at, name).result()
        state = client.get(*p.at, name).properties.runtime_state
        need(state == want, f"it is {state}")
        return state

    p.call("triggers: list", list_all)
    p.call("triggers: get", get)
    p.call("triggers: query", query)
    p.call("triggers: getEventSubscriptionStatus", subscription)
    p.call("triggers: stop", lambda: switch(client.begin_stop, "Stopped"))
    p.call("triggers: start", lambda: switch(client.begin_start, "Started"))


def trigger_runs(p):
    client = p.adf.trigger_runs
    found = {}

    def query(**options):
        return every_page(lambda m: client.query_by_factory(*p.at, m), RunFilterParameters(**options))[0]

    def ended():
        need("ended" in found, "no tumbling window's run that is over")
        return found["ended"]

    def whole_day():
        rows = query(last_updated_after=p.after, last_updated_before=p.before)
        need(rows, "no trigger run in a day")
        need(len({r.trigger_run_id for r in rows}) == len(rows), "one came twice")
        for r in rows:
            need(r.trigger_name and r.trigger_type and r.status, f"{r}")
            need(r.trigger_run_timestamp and r.properties["TriggerTime"], f"{r}")
            if r.status.startswith("Waiting"):
                found["waiting"] = r
            if r.trigger_type == "TumblingWindowTrigger" and r.status == "Succeeded":
                found["ended"] = r
        linked = next(r for r in rows if r.triggered_pipelines)
        pipeline, run_id = next(iter(linked.triggered_pipelines.items()))
        run = p.adf.pipeline_runs.get(*p.at, run_id)
        need(run.pipeline_name == pipeline, f"run {run_id} is of {run.pipeline_name}")
        need(run.invoked_by.id == linked.trigger_run_id, f"run {run_id} is of another trigger run")
        return len(rows)

    def rerun():
        r = ended()
        client.rerun(*p.at, r.trigger_name, r.trigger_run_id)
        p.advance("1m")
        group = r.additional_properties["groupId"]
        rows = query(
            last_updated_after=p.after,
            last_updated_before=p.before + datetime.timedelta(days=2),
            filters=[RunQueryFilter(operand="TriggerName", operator="Equals", values=[r.trigger_name])],
        )
        again = [
            x for x in rows if x.additional_properties["groupId"] == group and x.trigger_run_id != r.trigger_run_id
        ]
        need(again, f"no further trigger run in the group {group}")
        return "a further run in the group"

    def cancel():
        if "waiting" in found:
            client.cancel(*p.at, found["waiting"].trigger_name, found["waiting"].trigger_run_id)
            return "a waiting window"
        r = ended()
        return refused(400, "BadRequest", lambda: client.cancel(*p.at, r.trigger_name, r.trigger_run_id))

    p.call("trigger runs: query", whole_day)
    p.call("trigger runs: rerun", rerun)
    p.call("trigger runs: cancel", cancel)


def runtimes(p):
    client, nodes = p.adf.integration_runtimes, p.adf.integration_runtime_nodes
    found = {}

    def of(key):
        need(key in found, f"no {key} to ask for")
        return found[key]

    def list_all():
        rows = list(client.list_by_factory(*p.at))
        kinds = {r.properties.type for r in rows}
        need({"Managed", "SelfHosted"} <= kinds, f"not both types: {kinds}")
        found["runtime"] = next(r.name for r in rows if r.properties.type == "SelfHosted")
        return len(rows)

    def get():
        got = client.get(*p.at, of("runtime"))
        need(isinstance(got.properties, SelfHostedIntegrationRuntime), f"{got}")
        return got.properties.type

    def status():
        s = client.get_status(*p.at, of("runtime")).properties
        need(isinstance(s, SelfHostedIntegrationRuntimeStatus), f"{s}")
        need(s.state and s.version and s.nodes, f"it lacks its fields: {s}")
        found["node"] = s.nodes[0].node_name
        return s.state

    def monitoring():
        got = client.get_monitoring_data(*p.at, of("runtime"))
        need(got.name == found["runtime"] and got.nodes[0].available_memory_in_mb, f"{got}")
        return f"{len(got.nodes)} nodes"

    def node():
        got = nodes.get(*p.at, of("runtime"), of("node"))
        need(got.node_name == found["node"] and got.status, f"{got}")
        return got.status

    def address():
        got = nodes.get_ip_address(*p.at, of("runtime"), of("node"))
        need(got.ip_address, "no address")
        return got.ip_address

    p.call("integration runtimes: list", list_all)
    p.call("integration runtimes: get", get)
    p.call("integration runtimes: getStatus", status)
    p.call("integration runtimes: monitoringData", monitoring)
    p.call("integration runtime nodes: get", node)
    p.call("integration runtime nodes: ipAddress", address)
