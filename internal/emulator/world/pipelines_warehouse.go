package world

import "time"

// warehousePipelines build the data warehouse from what the other factories land, and the reports from the warehouse.
func warehousePipelines() []Pipeline {
	dimensions := []string{"date", "product", "customer", "store", "supplier", "employee", "campaign", "currency", "carrier", "geography"}
	facts := []string{"sales", "orders", "returns", "stock", "purchase", "shipment", "web_visit", "ledger"}
	marts := []string{"sales", "margin", "stock", "customer", "supplier", "web", "campaign", "store", "hr", "finance", "logistics"}
	return []Pipeline{
		{
			Name: "pl_dw_nightly", Folder: "dw/orchestration", Annotations: []string{"tier-1", "dw"}, usual: 90 * time.Second,
			parameters: []parameter{forDay(), fixed("mode", `"incremental"`)}, starts: []start{daily("tr_dw_nightly", 2, 0)},
			steps: []step{
				lookup("lkp_sources_ready", "ctl.sources_ready"), execute("exec_dimensions", "pl_dw_load_dimensions"), execute("exec_facts", "pl_dw_load_facts"),
				execute("exec_quality", "pl_dw_quality_checks"), execute("exec_refresh", "pl_dw_refresh_model"), web("web_done", "https://hooks.nordhem.example/dw-done"),
			},
		},
		{
			Name: "pl_dw_load_dimensions", Folder: "dw/load", Annotations: []string{"dw"}, usual: 20 * time.Second, parameters: []parameter{forDay()},
			steps: []step{lookup("lkp_dimensions", "ctl.dimension"), executeEach("fe_dimensions", "exec_dimension", "pl_dw_load_dimension", dimensions...)},
		},
		{
			Name: "pl_dw_load_dimension", Folder: "dw/load", Annotations: []string{"dw"}, usual: 4 * time.Minute,
			parameters: []parameter{forDay(), choice("dimension", dimensions...)},
			steps:      []step{copying("cp_stage", "stg.dimension"), calling("sp_merge_dimension", "dw.usp_merge_dimension")},
		},
		{
			Name: "pl_dw_load_facts", Folder: "dw/load", Annotations: []string{"tier-1", "dw"}, usual: 20 * time.Second, parameters: []parameter{forDay()},
			steps: []step{lookup("lkp_facts", "ctl.fact"), executeEach("fe_facts", "exec_fact", "pl_dw_load_fact", facts...)},
		},
		{
			Name: "pl_dw_load_fact", Folder: "dw/load", Annotations: []string{"tier-1", "dw"}, usual: 13 * time.Minute,
			parameters: []parameter{forDay(), choice("fact", facts...)},
			steps: []step{
				copying("cp_stage", "stg.fact"), lookup("lkp_row_count", "stg.v_row_count"), calling("sp_switch_partition", "dw.usp_switch_partition"),
				dataFlow("df_surrogate_keys", "df_surrogate_keys"),
			},
		},
		{
			Name: "pl_dw_quality_checks", Folder: "dw/quality", Annotations: []string{"dw"}, usual: 6 * time.Minute, parameters: []parameter{forDay()},
			steps: []step{
				forEach(
					"fe_checks", []string{"nulls", "orphans", "duplicates", "totals"}, lookup("lkp_check", "dq.check"),
					ifTrue("if_bad_rows", "@greater(activity('lkp_check').output.firstRow.value, 0)", copying("cp_bad_rows", "dq.bad_rows"), orElse(setting("set_clean", "lastClean"))),
				),
				ifTrue("if_broken", "@greater(variables('broken'), 0)", failing("fail_quality", "row count mismatch")),
			},
		},
		{
			Name: "pl_dw_refresh_model", Folder: "dw/publish", Annotations: []string{"dw", "powerbi"}, usual: 16 * time.Minute, parameters: []parameter{choice("dataset", "Sales", "Finance", "Supply")},
			steps: []step{
				filtering("flt_changed", "@not(equals(item(), 'closed'))"), web("web_start_refresh", "https://api.powerbi.com/v1.0/myorg/groups/refreshes"),
				until(
					"until_refreshed", "@not(equals(variables('status'), 'Unknown'))", waiting("wait_1m"),
					web("web_refresh_status", "https://api.powerbi.com/v1.0/myorg/groups/refreshes?$top=1"), setting("set_status", "status"),
				),
			},
		},
		{
			Name: "pl_dw_hourly_delta", Folder: "dw/load", Annotations: []string{"dw"}, usual: 5 * time.Minute, parameters: []parameter{fixed("fact", `"sales"`)},
			starts: []start{every("tr_dw_delta", time.Hour, 6, 23)},
			steps:  []step{lookup("lkp_delta", "ctl.delta"), copying("cp_delta", "stg.delta"), calling("sp_apply_delta", "dw.usp_apply_delta")},
		},
		{
			Name: "pl_dw_stock_snapshot", Folder: "dw/load", Annotations: []string{"dw", "supply"}, usual: 18 * time.Minute, parameters: []parameter{forDay()},
			starts: []start{daily("tr_stock_snapshot", 4, 20)}, habits: habits{degrading: 1.8},
			steps: []step{copying("cp_stock", "stg.stock"), calling("sp_snapshot", "dw.usp_stock_snapshot")},
		},
		{
			Name: "pl_md_products", Folder: "masterdata", Annotations: []string{"masterdata"}, usual: 8 * time.Minute, parameters: []parameter{forDay()},
			starts: []start{together(daily("tr_masterdata", 1, 20))}, steps: []step{copying("cp_products", "md.product"), dataFlow("df_products", "df_product_golden")},
		},
		{
			Name: "pl_md_customers", Folder: "masterdata", Annotations: []string{"masterdata", "gdpr"}, usual: 10 * time.Minute, parameters: []parameter{forDay()},
			starts: []start{together(daily("tr_masterdata", 1, 20))}, steps: []step{copying("cp_customers", "md.customer"), notebook("nb_match_customers", "/Shared/md/match_customers")},
		},
		{
			Name: "pl_md_suppliers", Folder: "masterdata", Annotations: []string{"masterdata"}, usual: 3 * time.Minute, parameters: []parameter{forDay()},
			starts: []start{together(daily("tr_masterdata", 1, 20))}, steps: []step{copying("cp_suppliers", "md.supplier")},
		},
		{
			Name: "pl_md_geography", Folder: "masterdata", Annotations: []string{}, usual: 2 * time.Minute, parameters: []parameter{},
			starts: []start{on(sundays, daily("tr_md_geography", 0, 40))}, steps: []step{web("web_geo", "https://geodata.example/export"), copying("cp_geo", "md.geography")},
		},
		{
			Name: "pl_marts_nightly", Folder: "reports", Annotations: []string{"reports"}, usual: 20 * time.Second,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_marts", 4, 0)},
			steps: []step{lookup("lkp_marts", "ctl.mart"), executeEach("fe_marts", "exec_mart", "pl_mart_refresh", marts...), web("web_done", "https://hooks.nordhem.example/marts-done")},
		},
		{
			Name: "pl_mart_refresh", Folder: "reports", Annotations: []string{"reports"}, usual: 6 * time.Minute,
			parameters: []parameter{forDay(), choice("mart", marts...)}, steps: []step{calling("sp_refresh_mart", "mart.usp_refresh"), copying("cp_extract", "mart.extract")},
		},
		{
			Name: "pl_reports_publish", Folder: "reports", Annotations: []string{"reports", "tier-1"}, usual: 4 * time.Minute, parameters: []parameter{forDay(), choice("market", "nordics", "continent")},
			starts: []start{on(workingDays, daily("tr_reports", 6, 0)), people(0.5)},
			steps:  []step{copying("cp_report_tables", "mart.report"), web("web_publish", "https://reports.nordhem.example/publish")},
		},
		{
			Name: "pl_reports_board", Folder: "reports", Annotations: []string{"reports"}, usual: 9 * time.Minute, parameters: []parameter{forDay()},
			starts: []start{on(mondays, daily("tr_board", 6, 30))}, steps: []step{notebook("nb_board_pack", "/Shared/reports/board_pack"), web("web_send_pack", "https://mail.nordhem.example/send")},
		},
		{
			Name: "pl_lake_compaction", Folder: "platform", Annotations: []string{"platform"}, usual: 48 * time.Minute, parameters: []parameter{choice("layer", "bronze", "silver")},
			starts: []start{daily("tr_compaction", 3, 15)}, steps: []step{notebook("nb_optimize", "/Shared/platform/optimize")},
		},
		{
			Name: "pl_lake_vacuum", Folder: "platform", Annotations: []string{"platform"}, usual: 95 * time.Minute, parameters: []parameter{},
			starts: []start{on(sundays, daily("tr_vacuum", 14, 0))}, steps: []step{notebook("nb_vacuum", "/Shared/platform/vacuum"), deleting("del_logs", "logs/old")},
		},
		{
			Name: "pl_backup_metadata", Folder: "platform", Annotations: []string{"platform"}, usual: 2 * time.Minute, parameters: []parameter{},
			starts: []start{daily("tr_backup", 0, 30)}, habits: habits{neverFails: true}, steps: []step{copying("cp_control_tables", "ctl.all"), deleting("del_old_backups", "backup/ctl")},
		},
		{
			Name: "pl_dq_profile", Folder: "dw/quality", Annotations: []string{}, usual: 6 * time.Minute, parameters: []parameter{forFile("profile")},
			starts: []start{blobs("be_profile", 6)}, steps: []step{notebook("nb_profile", "/Shared/dq/profile")},
		},
		{
			Name: "pl_ml_demand_forecast", Folder: "science", Annotations: []string{"supply"}, usual: 155 * time.Minute, parameters: []parameter{forDay(), fixed("retrain", "false")},
			starts: []start{daily("tr_demand", 2, 30)}, dimension: "JobId",
			steps: []step{copying("cp_features", "ml.features"), notebook("nb_demand", "/Shared/ml/demand"), copying("cp_demand", "ml.demand")},
		},
	}
}
