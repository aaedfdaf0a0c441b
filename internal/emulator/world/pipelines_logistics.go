package world

import "time"

// logisticsPipelines belong to the older factory of the warehouses and carriers.
func logisticsPipelines() []Pipeline {
	sites := []string{"GBG", "STO", "OSL", "CPH", "HEL", "HAM"}
	return []Pipeline{
		{
			Name: "pl_warehouse_nightly", Folder: "supply/orchestration", Annotations: []string{"tier-1", "supply"}, usual: 25 * time.Second,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_warehouse_nightly", 4, 0)},
			steps: []step{
				lookup("lkp_sites", "ctl.site"), executeEach("fe_sites", "exec_stock", "pl_warehouse_stock", sites...),
				execute("exec_replenish", "pl_replenishment"),
			},
		},
		{
			Name: "pl_warehouse_stock", Folder: "supply/load", Annotations: []string{"supply"}, usual: 7 * time.Minute,
			parameters: []parameter{forDay(), choice("site", sites...)},
			steps:      []step{onPremises(copying("cp_bins", "wms.bins")), onPremises(copying("cp_movements", "wms.movements")), calling("sp_stock", "wms.usp_stock")},
		},
		{
			Name: "pl_replenishment", Folder: "supply/load", Annotations: []string{"supply"}, usual: 9 * time.Minute,
			parameters: []parameter{forDay()}, steps: []step{dataFlow("df_replenish", "df_replenishment"), copying("cp_proposals", "wms.proposal")},
		},
		{
			Name: "pl_shipments", Folder: "carriers", Annotations: []string{"supply", "tier-1"}, usual: 2 * time.Minute,
			parameters: []parameter{choice("carrier", "postnord", "dhl", "schenker")}, starts: []start{every("tr_shipments", 30*time.Minute, 5, 21)},
			habits: habits{failing: 0.02, seldomHeld: true},
			steps:  []step{web("web_shipments", "https://carriers.nordhem.example/shipments"), copying("cp_shipments", "tms.shipments")},
		},
		{
			Name: "pl_carrier_edi", Folder: "carriers", Annotations: []string{"supply"}, usual: 45 * time.Second,
			parameters: []parameter{forFile("edi")}, starts: []start{blobs("be_edi", 19)},
			steps: []step{
				function("fn_parse_edi", "ParseIftsta"),
				switchOn("sw_message", "@activity('fn_parse_edi').output.kind", inCase("IFTSTA", scripting("sql_status", "tms.edi_message")), inCase("INVOIC", scripting("sql_invoice", "tms.edi_invoice")), scripting("sql_edi", "tms.edi_message")),
				deleting("del_edi", "landing/edi"),
			},
		},
		{
			Name: "pl_supplier_asn", Folder: "supply/inbound", Annotations: []string{"supply"}, usual: 65 * time.Second,
			parameters: []parameter{forFile("asn"), fixed("priority", "3")}, starts: []start{events("ce_asn", 9)},
			steps: []step{copying("cp_asn", "wms.asn"), calling("sp_plan_dock", "wms.usp_plan_dock")},
		},
		{
			Name: "pl_customs_declarations", Folder: "supply/inbound", Annotations: []string{"authority"}, usual: 4 * time.Minute,
			parameters: []parameter{forDay(), choice("office", "Gothenburg", "Svinesund")}, starts: []start{on(workingDays, dailyAt("tr_customs", hm(8, 0), hm(11, 0), hm(14, 0), hm(17, 0)))},
			steps: []step{copying("cp_declarations", "tms.declaration"), web("web_customs", "https://declarations.customs.example/submit")},
		},
		{
			Name: "pl_purchase_orders", Folder: "supply/inbound", Annotations: []string{"supply", "finance"}, usual: 5 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_purchase_orders", 1, 15)},
			steps: []step{onPremises(copying("cp_purchase_orders", "erp.purchase_orders")), calling("sp_purchase", "wms.usp_purchase")},
		},
		{
			Name: "pl_routes_optimise", Folder: "carriers", Annotations: []string{"supply"}, usual: 35 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_routes", 3, 30)},
			steps: []step{copying("cp_orders", "tms.orders"), notebook("nb_routes", "/Shared/routes/optimise"), copying("cp_routes", "tms.routes")},
		},
		{
			Name: "pl_telematics", Folder: "carriers", Annotations: []string{}, usual: 3 * time.Minute,
			parameters: forWindow(), starts: []start{hourlyWindows("tw_telematics")},
			steps: []step{copying("cp_positions", "tms.positions"), dataFlow("df_positions", "df_positions")},
		},
		{
			Name: "pl_inventory_count", Folder: "supply/load", Annotations: []string{"supply"}, usual: 28 * time.Minute,
			parameters: []parameter{choice("site", sites...)}, starts: []start{on(sundays, daily("tr_count", 20, 0)), people(0.2)},
			steps: []step{onPremises(copying("cp_counts", "wms.counts")), calling("sp_differences", "wms.usp_differences")},
		},
		{
			Name: "pl_freight_costs", Folder: "carriers", Annotations: []string{"finance"}, usual: 6 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_freight", 4, 10)},
			steps: []step{ssis("ssis_freight", "Freight/LoadFreight.dtsx"), copying("cp_freight", "tms.freight")},
		},
	}
}

// developmentPipelines are tried out, left behind and started by hand.
func developmentPipelines() []Pipeline {
	return []Pipeline{
		{
			Name: "pl_dev_smoke", Folder: "test", Annotations: []string{"dev"}, usual: 30 * time.Second,
			parameters: []parameter{}, starts: []start{every("tr_smoke", 2*time.Hour, 0, 24)},
			steps: []step{waiting("Wait1"), setting("Set variable1", "ok")},
		},
		{
			Name: "pl_load_orders", Folder: "copy of prod", Annotations: []string{"dev"}, usual: 2 * time.Minute,
			parameters: []parameter{fixed("tables", `"[\"orders\"]"`), choice("branch", "main", "feature/returns")}, starts: []start{people(2.2)}, habits: habits{failing: 0.12, seldomHeld: true},
			steps: []step{lookup("lkp_watermark", "ctl.watermark"), copying("cp_orders", "dbo.orders")},
		},
		{
			Name: "Copy data 1", Folder: "", Annotations: []string{}, usual: 50 * time.Second,
			parameters: []parameter{}, starts: []start{people(1.2)}, habits: habits{failing: 0.15, seldomHeld: true},
			steps: []step{copying("Copy data1", "dbo.test")},
		},
		{
			Name: "pl_template_ingest", Folder: "templates", Annotations: []string{"dev", "template"}, usual: 3 * time.Minute,
			parameters: []parameter{fixed("config", `{"source":"sftp","target":"bronze"}`), fixed("dryRun", "true")}, starts: []start{people(1.1)}, habits: habits{failing: 0.05, seldomHeld: true},
			steps: []step{listing("Get Metadata1", "landing/in"), forEach("ForEach1", []string{"a.csv", "b.csv", "c, d.csv"}, copying("Copy item", "landing.item"), deleting("Delete item", "landing/in"))},
		},
		{
			Name: "pl_nav_extract", Folder: "spikes", Annotations: []string{}, usual: 4 * time.Minute,
			parameters: []parameter{}, starts: []start{people(0.5)}, steps: []step{dataFlow("Data flow1", "dataflow1")},
		},
		{
			Name: "pl_spark_poc", Folder: "spikes", Annotations: []string{"poc"}, usual: 12 * time.Minute,
			parameters: []parameter{choice("size", "small", "large")}, starts: []start{people(0.6)}, habits: habits{failing: 0.2, seldomHeld: true},
			steps: []step{notebook("Notebook1", "/Users/lena@nordhem.example/poc")},
		},
	}
}
