package world

import "time"

// domain is a field of business whose data is loaded in the usual ways. The methods below are those ways: each gives
// the pipelines of one, named after the domain, so that a factory is a line or two of a table.
type domain struct {
	name   string   // part of the names of pipelines and triggers: "cards"
	schema string   // of its tables
	items  []string // what the nightly load goes through one by one
	tag    string   // an annotation of all its pipelines
	hosted bool     // its source stands on premises
	hour   int      // of the nightly load, in Stockholm
}

func (d domain) pipeline(what string) string { return "pl_" + d.name + "_" + what }
func (d domain) trigger(what string) string  { return "tr_" + d.name + "_" + what }
func (d domain) table(what string) string    { return d.schema + "." + what }

// source is the copy that reads the domain's source system.
func (d domain) source(s step) step { s.hosted = d.hosted; return s }

// nightly is the load of the night: a run that starts one for each item, and what follows from their data.
func (d domain) nightly() []Pipeline {
	return []Pipeline{
		{
			Name: d.pipeline("nightly"), Folder: d.name + "/orchestration", Annotations: []string{d.tag, "tier-1"}, usual: 35 * time.Second,
			parameters: []parameter{forDay(), fixed("fullLoad", "false")}, starts: []start{daily(d.trigger("nightly"), d.hour, 10)},
			steps: []step{
				lookup("lkp_batch", "ctl.batch"), executeEach("fe_items", "exec_load", d.pipeline("load"), d.items...),
				execute("exec_aggregate", d.pipeline("aggregate")), calling("sp_close_batch", "ctl.usp_close_batch"),
			},
		},
		{
			Name: d.pipeline("load"), Folder: d.name + "/load", Annotations: []string{d.tag}, usual: 6 * time.Minute,
			parameters: []parameter{forDay(), choice("item", d.items...), fixed("tables", `"[\"master\",\"movements\"]"`)}, returns: "rowsLoaded",
			steps: []step{
				lookup("lkp_watermark", "ctl.watermark"), d.source(copying("cp_master", d.table("master"))),
				d.source(copying("cp_movements", d.table("movement"))), calling("sp_merge", d.table("usp_merge")),
			},
		},
		{
			Name: d.pipeline("aggregate"), Folder: d.name + "/load", Annotations: []string{d.tag}, usual: 9 * time.Minute, parameters: []parameter{forDay()},
			steps: []step{dataFlow("df_aggregate", "df_"+d.name+"_daily"), copying("cp_daily", d.table("daily"))},
		},
	}
}

// daily is the small load of a system that is asked once a day.
func (d domain) daily() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("daily"), Folder: d.name, Annotations: []string{d.tag}, usual: 4 * time.Minute, parameters: []parameter{forDay()},
		starts: []start{daily(d.trigger("daily"), d.hour, 40)},
		steps:  []step{d.source(copying("cp_extract", d.table("extract"))), calling("sp_load", d.table("usp_load"))},
	}}
}

// delta loads what changed, by day, every so often.
func (d domain) delta(interval time.Duration) []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("delta"), Folder: d.name + "/load", Annotations: []string{d.tag}, usual: 3 * time.Minute, parameters: []parameter{choice("item", d.items...)},
		starts: []start{every(d.trigger("delta"), interval, 6, 22)},
		steps:  []step{lookup("lkp_delta", "ctl.delta"), d.source(copying("cp_delta", d.table("delta"))), calling("sp_apply", d.table("usp_apply"))},
	}}
}

// files takes in files as partners send them.
func (d domain) files(format string, perDay float64) []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("files"), Folder: d.name + "/inbound", Annotations: []string{d.tag, "files"}, usual: 80 * time.Second, parameters: []parameter{forFile(format)},
		starts: []start{busyAtMonthEnd(2.5, blobs("be_"+d.name+"_files", perDay))},
		steps: []step{
			validation("val_file", "landing/"+format), function("fn_parse", "Parse"), scripting("sql_store", d.table("file")), deleting("del_file", "landing/"+format),
		},
	}}
}

// feed takes in single events, every so often; throttled when the other side refuses some of them.
func (d domain) feed(interval time.Duration, perDay float64, refuses bool) []Pipeline {
	s := stream("ce_"+d.name, interval, perDay)
	s.throttled = refuses
	return []Pipeline{{
		Name: d.pipeline("events"), Folder: d.name + "/events", Annotations: []string{d.tag, "events"}, usual: 5 * time.Second, parameters: []parameter{choice("partner", d.items...)},
		habits: habits{failing: 0.01, seldomHeld: true}, starts: []start{s},
		steps: []step{web("web_pull", "https://events.example/"+d.name), setting("set_cursor", "cursor"), scripting("sql_upsert", d.table("event"))},
	}}
}

// windows processes hour by hour.
func (d domain) windows() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("hourly"), Folder: d.name + "/load", Annotations: []string{d.tag}, usual: 4 * time.Minute, parameters: forWindow(),
		starts: []start{hourlyWindows("tw_" + d.name)}, dimension: "BatchId",
		steps: []step{d.source(copying("cp_window", d.table("window"))), dataFlow("df_window", "df_"+d.name+"_window")},
	}}
}

// quality checks what the night has loaded, and fails when it should.
func (d domain) quality() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("quality"), Folder: d.name + "/quality", Annotations: []string{d.tag, "quality"}, usual: 3 * time.Minute, parameters: []parameter{forDay()},
		starts: []start{daily(d.trigger("quality"), d.hour+4, 30)}, habits: habits{failing: 0.03},
		steps: []step{
			lookup("lkp_counts", d.table("v_counts")),
			ifTrue("if_off", "@greater(activity('lkp_counts').output.firstRow.off, 0)", failing("fail_check", "difference in "+d.name)),
		},
	}}
}

// corrections are started by people.
func (d domain) corrections(perDay float64) []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("correction"), Folder: d.name + "/manual", Annotations: []string{d.tag}, usual: 2 * time.Minute,
		parameters: []parameter{choice("item", d.items...), fixed("dryRun", "false"), fixed("limits", `{"rows":5000,"branches":["001","017"]}`)},
		starts:     []start{busyAtMonthEnd(3, people(perDay))}, habits: habits{failing: 0.05},
		steps: []step{lookup("lkp_case", d.table("correction")), calling("sp_correct", d.table("usp_correct")), web("web_tell", "https://hooks.example/"+d.name)},
	}}
}

// closing is the end of a month: a run for each item.
func (d domain) closing() []Pipeline {
	return []Pipeline{
		{
			Name: d.pipeline("month_end"), Folder: d.name + "/closing", Annotations: []string{d.tag, "tier-1", "closing"}, usual: 90 * time.Second,
			parameters: []parameter{forMonth()}, starts: []start{on(closingDays, daily(d.trigger("month_end"), 3, 30))},
			steps: []step{
				calling("sp_freeze", d.table("usp_freeze")), executeEach("fe_items", "exec_close", d.pipeline("close"), d.items...), calling("sp_thaw", d.table("usp_thaw")),
			},
		},
		{
			Name: d.pipeline("close"), Folder: d.name + "/closing", Annotations: []string{d.tag, "closing"}, usual: 11 * time.Minute,
			parameters: []parameter{forMonth(), choice("item", d.items...)},
			steps:      []step{calling("sp_carry_forward", d.table("usp_carry_forward")), copying("cp_balances", d.table("balance"))},
		},
	}
}

// report is sent to an authority, which acknowledges it after a while.
func (d domain) report(authority string, days dayFilter) []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("report"), Folder: d.name + "/reporting", Annotations: []string{d.tag, "authority"}, usual: 14 * time.Minute,
		parameters: []parameter{forDay(), fixed("authority", `"`+authority+`"`)}, starts: []start{on(days, daily(d.trigger("report"), 7, 15))},
		steps: []step{
			dataFlow("df_report", "df_"+d.name+"_report"), copying("cp_report", d.table("report")), web("web_submit", "https://reporting."+authority+".example/submissions"),
			until("until_accepted", "@equals(variables('answer'), 'ACCEPTED')", waiting("wait_answer"), web("web_answer", "https://reporting."+authority+".example/answers")),
		},
	}}
}

// scoring runs a model over the day.
func (d domain) scoring() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("scores"), Folder: d.name + "/models", Annotations: []string{d.tag, "models"}, usual: 48 * time.Minute,
		parameters: []parameter{forDay(), fixed("retrain", "false")}, starts: []start{daily(d.trigger("scores"), d.hour+2, 0)}, habits: habits{degrading: 0.8},
		steps: []step{copying("cp_features", d.table("feature")), notebook("nb_score", "/Shared/"+d.name+"/score"), copying("cp_scores", d.table("score"))},
	}}
}

// legacy is what nobody has found the time to replace.
func (d domain) legacy() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("legacy"), Folder: d.name + "/legacy", Annotations: []string{d.tag, "legacy"}, usual: 26 * time.Minute, parameters: []parameter{forDay()},
		starts: []start{daily(d.trigger("legacy"), d.hour, 50)}, habits: habits{failing: 0.03},
		steps: []step{onPremises(ssis("ssis_extract", "Core/Extract.dtsx")), ssis("ssis_load", "Core/Load.dtsx")},
	}}
}

// housekeeping tidies up: it goes through folders and deletes what is old; one that is missing is no reason to fail.
func (d domain) housekeeping() []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("housekeeping"), Folder: "platform", Annotations: []string{}, usual: 3 * time.Minute, parameters: []parameter{},
		starts: []start{daily(d.trigger("housekeeping"), 0, 20)}, habits: habits{failing: 0.02, handles: true},
		steps: []step{
			listing("gm_folders", "archive"), forEach("fe_folders", []string{"2024", "2025", "tmp"}, deleting("del_old", "archive")),
			whenFailed(web("web_told", "https://hooks.example/housekeeping")),
		},
	}}
}

// joined puts groups of pipelines into one factory.
func joined(groups ...[]Pipeline) func() []Pipeline {
	return func() []Pipeline {
		var all []Pipeline
		for _, g := range groups {
			for _, p := range g {
				all = append(all, p.fresh())
			}
		}
		return all
	}
}

// fresh is p with steps of its own: linking writes into them.
func (p Pipeline) fresh() Pipeline {
	p.steps = append([]step(nil), p.steps...)
	return p
}
