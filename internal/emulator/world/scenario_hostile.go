package world

import (
	"strconv"
	"strings"
	"time"
)

// hostileScenario is a museum of odd rows: see [Oddities].
func hostileScenario() scenario {
	machines := systems{
		sqlServer: "sql-kuriosa.database.windows.net", database: "rows; DROP", lake: "stkuriosa", databricks: "adb-5550001234567890.0.azuredatabricks.net", workspace: "5550001234567890",
		onPremises: "SRV-Ä-01", region: "West Europe",
	}
	older := machines
	older.billing = billingText
	return scenario{
		name:    "hostile",
		what:    "five factories whose rows hold every oddity that real rows were seen with, each of them again and again, beside ordinary rows",
		tenants: []tenantSpec{{name: "Kuriosa", domain: "kuriosa.example"}},
		subscriptions: []subscriptionSpec{
			{name: `Kuriosa <Production> & "More"`}, {name: "Kuriosa Ältere Daten 🗄"},
		},
		factories: []factorySpec{
			{
				resourceGroup: "rg-kuriosa", name: "adf-kuriosa-rows", location: "West Europe", created: "2021-03-08T09:41:22Z", identity: true,
				tags: `{"environment":"prod","note":"<b>odd</b> & \"quoted\""}`, systems: machines, pipelines: hostileRows,
			},
			{
				resourceGroup: "rg-kuriosa", name: "adf-kuriosa-twins", location: "westeurope", created: "2021-03-08T09:41:22.1Z", identity: true,
				tags: `{}`, systems: machines, pipelines: hostileTwins,
			},
			{
				resourceGroup: "RG_Kuriosa.(Names)", name: "ADF-KURIOSA-NAMES", location: "west europe", created: "2017-10-02T07:00:00.0000001Z",
				tags: `{"":"empty key","long":"` + strings.Repeat("x", 256) + `"}`, systems: older, pipelines: hostileNames,
			},
			{
				subscription: 1, resourceGroup: "rg-kuriosa-old", name: "Kuriosa-Old-2017", location: "WestEurope", created: "2017-09-13T18:01:22.12Z",
				tags: `{"environment":"old"}`, systems: older, pipelines: hostileOld,
			},
			{
				subscription: 1, resourceGroup: "rg-kuriosa-empty", name: "a-b", location: "norwayeast", created: "2026-11-01T00:00:00Z", tags: `{}`, systems: machines,
				pipelines: hostileEmpty,
			},
		},
		cast: hostileCast(), odd: true,
	}
}

// hostileRows fail often, so that odd failures are many. The rows are those of ordinary runs before they are rewritten.
func hostileRows() []Pipeline {
	sites := []string{"A", "B, C", `"D"`, "É"}
	return []Pipeline{
		{
			Name: "pl_nightly", Folder: "odd", Annotations: []string{"tier-1", "odd"}, usual: 30 * time.Second, parameters: []parameter{forDay()},
			starts: []start{every("tr_nightly", 3*time.Hour, 0, 24)}, habits: habits{failing: 0.05},
			steps: []step{lookup("lkp_sites", "ctl.site"), executeEach("For each: \"site\", or so", "Run: 'child'", "pl_site", sites...), web("web_done", "https://hooks.example/done")},
		},
		{
			Name: "pl_site", Folder: "odd", Annotations: []string{"odd"}, usual: 90 * time.Second, parameters: []parameter{forDay(), choice("site", "A", "B, C", "D", "E")},
			habits: habits{failing: 0.1, seldomHeld: true}, returns: "rowsLoaded",
			steps: []step{copying("cp_site", "odd.site"), onPremises(copying("cp_site_old", "odd.site_old")), calling("sp_site", "odd.usp_site")},
		},
		{
			Name: "pl_stream", Folder: "odd/live", Annotations: []string{}, usual: 4 * time.Second, parameters: []parameter{choice("partner", "one", "two", "three")},
			habits: habits{failing: 0.2, seldomHeld: true}, starts: []start{stream("ce_stream", 10*time.Second, 60)},
			steps: []step{web("web_pull", "https://partners.example/feed?a=1&b=<2>"), copying("cp_pull", "odd.pull")},
		},
		{
			Name: "pl_files", Folder: "odd/live", Annotations: []string{"odd"}, usual: 40 * time.Second, parameters: []parameter{forFile("in")},
			habits: habits{failing: 0.25, seldomHeld: true}, starts: []start{blobs("be_files", 90)},
			steps: []step{
				validation("val_file", "landing/in"), forEach("fe_parts", []string{"1", "2", "3"}, copying("cp part", "odd.part"), deleting("del, part", "landing/in")),
				ifTrue("if_off", "@equals(1, 2)", failing("fail_off", "difference")),
			},
		},
		{
			Name: "pl_models", Folder: "odd", Annotations: []string{"odd"}, usual: 6 * time.Minute, parameters: []parameter{forMonth(), fixed("config", `{"a":[1,2,{"b":null}]}`)},
			habits: habits{failing: 0.2}, starts: []start{every("tr_models", time.Hour, 0, 24)}, dimension: "JobId",
			steps: []step{notebook("nb_score", "/Shared/odd/score"), dataFlow("df_odd", "df_odd"), ssis("ssis_odd", "Odd/Odd.dtsx")},
		},
		{
			Name: "pl_windows", Folder: "odd", Annotations: []string{"odd"}, usual: 2 * time.Minute, parameters: forWindow(),
			habits: habits{failing: 0.15}, starts: []start{hourlyWindows("tw_odd")},
			steps: []step{listing("gm_in", "landing/in"), until("until_there", "@equals(1, 1)", waiting("wait_it"), web("web_there", "https://there.example")), scripting("sql_window", "odd.window")},
		},
		{
			Name: "pl_by_hand", Folder: "", Annotations: []string{"odd"}, usual: time.Minute, parameters: []parameter{},
			habits: habits{failing: 0.2}, starts: []start{people(12)},
			steps: []step{setting("Set variable1", "v"), function("fn_odd", "Odd"), calling("sp_odd", "odd.usp_odd")},
		},
	}
}

// hostileTwins live beside the first factory, whose ids some of their runs have.
func hostileTwins() []Pipeline {
	return []Pipeline{
		{
			Name: "pl_stream", Folder: "odd/live", Annotations: []string{"odd"}, usual: 5 * time.Second, parameters: []parameter{choice("partner", "one", "two")},
			habits: habits{failing: 0.1, seldomHeld: true}, starts: []start{stream("ce_stream", 30*time.Second, 60)}, steps: []step{web("web_pull", "https://partners.example/feed"), scripting("sql_pull", "odd.pull")},
		},
		{
			Name: "pl_hourly", Folder: "odd", Annotations: []string{"odd"}, usual: time.Minute, parameters: forWindow(),
			habits: habits{failing: 0.1, seldomHeld: true}, starts: []start{hourlyWindows("tw_hourly")}, steps: []step{copying("cp_hourly", "odd.hourly")},
		},
	}
}

// hostileNames are pipelines whose names are as ADF lets them be, or as files hold them.
func hostileNames() []Pipeline {
	var all []Pipeline
	for i, name := range []string{
		"  pl with blanks  ", `pl "quoted" 'twice' \ and back`, "pl 🚚 Lieferung Ä Ö ß 物流 توصيل", strings.Repeat("pl_very_long_name_", 12)[:200], "<script>alert('pl')</script>&amp;",
		"PL_Case", "e3b0c442-98fc-4c14-9afb-f4c8996fb924", "pl_%41%2F?x=1#y", "ﾊﾟｲﾌﾟ\u200b\u202eenilepip", "null",
	} {
		all = append(all, Pipeline{
			Name: name, Folder: "a/b//c 🗂/" + strconv.Itoa(i), Annotations: []string{"", "  ", `"quoted"`, "🏷", strings.Repeat("long ", 60)}, usual: 50 * time.Second,
			parameters: []parameter{fixed("", `""`), choice("site", "1", "2")}, habits: habits{failing: 0.12, seldomHeld: true}, starts: []start{blobs(`be "`+strconv.Itoa(i)+`" <&>`, 4)},
			steps: []step{lookup("Lookup: a, b", "ctl.a"), copying(name+" copy", "odd.name"), web("web/😀", "https://odd.example/?q=<&>\"")},
		})
	}
	return all
}

func hostileOld() []Pipeline {
	return []Pipeline{{
		Name: "CopyPipeline1", Annotations: []string{}, usual: 3 * time.Minute, parameters: []parameter{fixed("OutputBlobNameList", `"[\"exampleoutput.csv\"]"`)},
		habits: habits{failing: 0.15, seldomHeld: true}, starts: []start{every("Trigger1", 2*time.Hour, 0, 24), people(3)},
		steps: []step{copying("Copy1", "dbo.Old"), onPremises(ssis("Package1", "Old/Old.dtsx"))},
	}}
}

// hostileEmpty is the factory with the shortest name ADF allows, in which next to nothing runs.
func hostileEmpty() []Pipeline {
	return []Pipeline{{
		Name: "p", Annotations: []string{}, usual: time.Second, parameters: []parameter{}, starts: []start{on(firstOfMonth, daily("t", 0, 0))}, steps: []step{waiting("w"), web("x", "https://x.example")},
	}}
}

func hostileCast() []role {
	const rows = "adf-kuriosa-rows"
	return []role{
		{factory: rows, pipeline: "pl_models", ago: 50 * time.Minute, runs: 2 * time.Hour},
		{factory: rows, pipeline: "pl_files", ago: 20 * time.Second, queued: 3 * time.Minute, runs: time.Minute, trigger: true},
		{factory: rows, pipeline: "pl_by_hand", ago: 90 * time.Second, runs: 100 * time.Second, outcome: cancelled},
		{factory: rows, pipeline: "pl_by_hand", ago: 2 * time.Hour, runs: time.Minute, outcome: cancelled},
		{factory: rows, pipeline: "pl_by_hand", ago: 3 * time.Hour, runs: time.Minute, outcome: cancelled},
		{factory: rows, pipeline: "pl_by_hand", ago: 4 * time.Hour, runs: time.Minute, outcome: cancelled},
		{factory: rows, pipeline: "pl_by_hand", ago: 5 * time.Hour, runs: time.Minute, outcome: cancelled},
		{factory: rows, pipeline: "pl_by_hand", ago: 6 * time.Hour, runs: time.Minute, outcome: cancelled},
	}
}
