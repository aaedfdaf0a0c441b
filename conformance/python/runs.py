"""Pipeline runs and activity runs: queries, and what starts and ends runs."""

import datetime
import urllib.parse

from azure.mgmt.datafactory.models import RunFilterParameters, RunQueryFilter, RunQueryOrderBy

from program import NOBODY, OVER, Broken, every_page, need, refused

DAY = datetime.timedelta(days=1)


def query(p, **more):
    model = RunFilterParameters(**({"last_updated_after": p.after, "last_updated_before": p.before} | more))
    return every_page(lambda m: p.adf.pipeline_runs.query_by_factory(*p.at, m), model)


def activities(p, run):
    """Return a run's activities in the order they started."""
    model = RunFilterParameters(
        last_updated_after=run.run_start - DAY,
        last_updated_before=run.last_updated + DAY,
        order_by=[RunQueryOrderBy(order_by="ActivityRunStart", order="ASC")],
    )
    return every_page(lambda m: p.adf.activity_runs.query_by_pipeline_run(*p.at, run.run_id, m), model)[0]


def pipeline_runs(p):
    def whole_day():
        rows, pages = query(p)
        need(pages > 1, "one page only: the paging was not tried")
        ids = {r.run_id for r in rows}
        need(len(ids) == len(rows), "a run came twice")
        for r in rows:
            by = r.invoked_by
            need(by.id and by.name and by.invoked_by_type and r.pipeline_name, f"run {r.run_id} lacks its fields")
            need(r.run_start.tzinfo and r.last_updated.tzinfo, f"run {r.run_id} has no dates")
            # A cancelled one can lack both.
            if r.status in ("Succeeded", "Failed"):
                need(r.duration_in_ms is not None and r.run_end, f"run {r.run_id} has no duration or end")
        # Python's datetime holds microseconds; the last of the seven digits can't survive.
        need(any(r.run_start.microsecond % 1000 for r in rows), "no start has more than milliseconds")
        truth = p.control("/truth/runs?factory=" + urllib.parse.quote(p.at[1]))
        for t in truth["items"]:
            when = datetime.datetime.fromisoformat(t["lastUpdated"][:19] + "+00:00")
            if t["status"] in OVER and p.after < when < p.before:
                need(t["runId"] in ids, f"run {t['runId']}, last updated {t['lastUpdated']}, is missing")
        p.runs = rows
        return f"{len(rows)} on {pages} pages"

    def filtered():
        rows, _ = query(
            p,
            filters=[RunQueryFilter(operand="Status", operator="Equals", values=["Failed"])],
            order_by=[RunQueryOrderBy(order_by="RunEnd", order="DESC")],
        )
        need(rows, "no failed run in a day")
        for r in rows:
            need(r.status == "Failed" and r.message, f"run {r.run_id} is {r.status}: {r.message}")
        need(rows == sorted(rows, key=lambda r: r.run_end, reverse=True), "out of order")
        p.failed_run = rows[0]
        return len(rows)

    def forbidden():
        other = p.client(p.identity("not query its runs"))
        model = RunFilterParameters(last_updated_after=p.after, last_updated_before=p.before)
        return refused(403, "AuthorizationFailed", lambda: other.pipeline_runs.query_by_factory(*p.at, model))

    def get():
        got = p.adf.pipeline_runs.get(*p.at, p.failed_run.run_id)
        for key in ("run_id", "run_group_id", "message", "status", "run_end", "duration_in_ms"):
            need(getattr(got, key) == getattr(p.failed_run, key), f"{key} is other than in the query: {got}")
        return got.status

    def activity_runs():
        rows = activities(p, p.failed_run)
        for a in rows:
            need(a.activity_name and a.activity_type and a.activity_run_id and a.activity_run_start, f"{a}")
        p.first_activity = rows[0].activity_name
        failed = [a for a in rows if a.status == "Failed"]
        need(failed and failed[0].error["message"] and failed[0].error["errorCode"], "no activity of the run failed")
        for run in p.runs:
            if run.status != "Succeeded":
                continue
            for a in activities(p, run):
                if a.activity_type == "Copy" and a.status == "Succeeded":
                    need(a.output["dataRead"] > 0, f"a Copy lacks dataRead: {a.output}")
                    return f"{len(rows)}; a Copy read data"
        raise Broken(f"no Copy among the activities of {len(p.runs)} runs")

    p.call("pipeline runs: query", whole_day)
    p.call("pipeline runs: query, filter and order", filtered)
    p.call("pipeline runs: query, forbidden", forbidden)
    p.call("pipeline runs: get", get)
    p.call("pipeline runs: get, unknown", lambda: refused(404, "", lambda: p.adf.pipeline_runs.get(*p.at, NOBODY)))
    p.call("activity runs: query", activity_runs)


def create(p, pipeline, **options):
    """Start a run and find it by its id."""
    run_id = p.adf.pipelines.create_run(*p.at, pipeline, **options).run_id
    run = p.adf.pipeline_runs.get(*p.at, run_id)
    need(run.run_id == run_id and run.pipeline_name == pipeline, f"another run: {run}")
    need(run.invoked_by.invoked_by_type == "Manual" and run.is_latest is True, f"{run}")
    need(run.status not in OVER and run.run_end is None, f"it just started and is {run.status}")
    return run


def create_runs(p):
    def plain():
        run = create(p, p.failed_run.pipeline_name)
        need(run.run_group_id == run.run_id, "a first run in the group of another")
        return run.status

    def with_parameters():
        like = next(r for r in p.runs if r.parameters)
        name = sorted(like.parameters)[0]
        run = create(p, like.pipeline_name, parameters={name: "conformance"})
        need(run.parameters[name] == "conformance", f"{name} is {run.parameters[name]}")
        return name

    def rerun(**options):
        first = p.failed_run
        run = create(
            p, first.pipeline_name, reference_pipeline_run_id=first.run_id, is_recovery=True, **options
        )
        need(run.run_group_id == first.run_group_id, "in another group")
        need(run.parameters == first.parameters, f"with other parameters: {run.parameters}")
        before = p.adf.pipeline_runs.get(*p.at, first.run_id)
        need(before.is_latest is False, "the first run is still the latest")
        return "in the first run's group"

    p.call("pipelines: createRun", plain)
    p.call("pipelines: createRun with parameters", with_parameters)
    p.call("pipelines: createRun, rerun", rerun)
    p.call(
        "pipelines: createRun, rerun from an activity",
        lambda: rerun(start_activity_name=p.first_activity) if p.first_activity else need(False, "no activity"),
    )
    p.call("pipelines: createRun, rerun from failure", lambda: rerun(start_from_failure=True))


def cancels(p):
    runs = p.adf.pipeline_runs

    def plain():
        run = create(p, p.failed_run.pipeline_name)
        runs.cancel(*p.at, run.run_id)
        p.advance("1m")
        got = runs.get(*p.at, run.run_id)
        need(got.status == "Cancelled", f"it is {got.status}")
        return got.status

    def recursive():
        like = next(r for r in p.runs if r.invoked_by.pipeline_run_id)
        parent = create(p, like.invoked_by.pipeline_name)
        for _ in range(40):
            p.advance("10s")
            rows, _ = query(p, last_updated_after=parent.run_start, last_updated_before=parent.run_start + DAY)
            child = next(
                (r for r in rows if r.invoked_by.pipeline_run_id == parent.run_id and r.status not in OVER), None
            )
            if not child:
                continue
            runs.cancel(*p.at, parent.run_id, is_recursive=True)
            p.advance("1m")
            ends = [runs.get(*p.at, r.run_id).status for r in (parent, child)]
            need(ends == ["Cancelled", "Cancelled"], f"the parent is {ends[0]}, its child {ends[1]}")
            return "Cancelled, its child too"
        raise Broken("no child of the run appeared")

    p.call("pipeline runs: cancel", plain)
    p.call("pipeline runs: cancel, recursive", recursive)
    p.call(
        "pipeline runs: cancel, unknown",
        lambda: refused(400, "ReferencedPipelineRunNotFound", lambda: runs.cancel(*p.at, NOBODY)),
    )
