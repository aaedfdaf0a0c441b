package world

import "time"

// salesPipelines are those of the busiest factory: tills, orders, prices, customers, the web shop.
func salesPipelines() []Pipeline {
	countries := []string{"SE", "NO", "DK", "FI", "DE", "NL", "PL", "EE"}
	return []Pipeline{
		{
			Name: "pl_sales_nightly", Folder: "sales/orchestration", Annotations: []string{"tier-1", "sales"}, usual: 40 * time.Second,
			parameters: []parameter{forDay(), fixed("fullLoad", "false")},
			starts:     []start{daily("tr_sales_nightly", 1, 10)},
			steps: []step{
				lookup("lkp_batch", "ctl.batch"), execute("exec_load_orders", "pl_load_orders"), execute("exec_load_returns", "pl_load_returns"),
				executeEach("fe_countries", "exec_store_sales", "pl_load_store_sales", countries...),
				execute("exec_aggregate", "pl_sales_aggregate"), calling("sp_close_batch", "ctl.usp_close_batch"),
			},
		},
		{
			Name: "pl_load_orders", Folder: "sales/load", Annotations: []string{"tier-1", "sales"}, usual: 7 * time.Minute,
			parameters: []parameter{forDay(), fixed("tables", `"[\"orders\",\"lines\"]"`)}, returns: "rowsLoaded",
			starts: []start{every("tr_orders_hourly", time.Hour, 7, 23)},
			steps: []step{
				lookup("lkp_watermark", "ctl.watermark"), copying("cp_orders", "dbo.orders"), copying("cp_order_lines", "dbo.order_lines"),
				calling("sp_merge_orders", "sales.usp_merge_orders"), setting("set_rows", "rowsLoaded"),
			},
		},
		{
			Name: "pl_load_returns", Folder: "sales/load", Annotations: []string{"sales"}, usual: 3 * time.Minute,
			parameters: []parameter{forDay()},
			steps:      []step{copying("cp_returns", "dbo.returns"), scripting("sql_flag_late_returns", "sales.returns")},
		},
		{
			Name: "pl_load_store_sales", Folder: "sales/load", Annotations: []string{"tier-1", "sales"}, usual: 6 * time.Minute,
			parameters: []parameter{forDay(), choice("country", countries...)},
			steps: []step{
				onPremises(copying("cp_till_journal", "pos.journal")), validation("val_checksum", "landing/pos/checksum"),
				dataFlow("df_receipts", "df_receipts_to_sales"),
			},
		},
		{
			Name: "pl_sales_aggregate", Folder: "sales/load", Annotations: []string{"sales"}, usual: 14 * time.Minute,
			parameters: []parameter{forDay()}, dimension: "JobId",
			steps: []step{notebook("nb_aggregate_sales", "/Shared/sales/aggregate_sales"), calling("sp_publish_sales", "mart.usp_publish_sales")},
		},
		{
			Name: "pl_load_pos_receipts", Folder: "sales/load", Annotations: []string{"tier-1", "sales"}, usual: 4 * time.Minute,
			parameters: forWindow(), starts: []start{hourlyWindows("tw_pos_receipts")},
			steps: []step{
				listing("gm_receipts", "landing/pos"), filtering("flt_complete", "@not(equals(item(), 'closed'))"),
				forEach("fe_regions", []string{"north", "mid", "south"}, switchOn(
					"sw_region", expressionItem, inCase("north", copying("cp_receipts_north", "pos.receipts_north")),
					inCase("north", appending("app_north", "regions")), copying("cp_receipts", "pos.receipts"),
				)),
				dataFlow("df_receipts", "df_receipts_clean"),
			},
		},
		{
			Name: "pl_demand_signals", Folder: "sales/science", Annotations: []string{"sales"}, usual: 40 * time.Minute,
			parameters: forWindow(), starts: []start{windowsAfter("tw_demand_signals", "tw_pos_receipts")}, habits: habits{failing: 0.006},
			steps: []step{
				copying("cp_signals", "sales.signals"), synapse("nb_signals", "demand_signals"), custom("cu_seasonality", "python seasonality.py --window hour"),
				webHook("wh_signals_ready", "https://hooks.nordhem.example/signals"),
			},
		},
		{
			Name: "pl_assortment_nightly", Folder: "sales/orchestration", Annotations: []string{"sales"}, usual: 15 * time.Second,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_assortment", 3, 20)},
			steps: []step{lookup("lkp_countries", "ctl.country"), executeEach("fe_countries", "exec_assortment", "pl_assortment_country", countries...)},
		},
		{
			Name: "pl_assortment_country", Folder: "sales/load", Annotations: []string{"sales"}, usual: 5 * time.Minute,
			parameters: []parameter{forDay(), choice("country", countries...)},
			steps:      []step{copying("cp_assortment", "sales.assortment"), calling("sp_availability", "sales.usp_availability")},
		},
		{
			Name: "pl_price_import", Folder: "pricing", Annotations: []string{"tier-1", "pricing"}, usual: 9 * time.Minute,
			parameters: []parameter{forDay(), fixed("currency", `"SEK"`), fixed("tolerance", "0.05")},
			starts:     []start{on(workingDays, daily("tr_prices", 4, 30)), people(0.3)},
			steps: []step{
				onPremises(copying("cp_price_list", "erp.price_list")), lookup("lkp_deviation", "pricing.v_deviation"),
				ifTrue("if_deviation", "@greater(activity('lkp_deviation').output.firstRow.share, 0.05)", failing("fail_deviation", "price deviation")),
				calling("sp_apply_prices", "pricing.usp_apply_prices"),
			},
		},
		{
			Name: "pl_price_publish", Folder: "pricing", Annotations: []string{"pricing"}, usual: 2 * time.Minute,
			parameters: []parameter{choice("channel", "web", "store", "app")},
			starts:     []start{together(on(workingDays, daily("tr_morning", 6, 15))), people(0.6)},
			steps:      []step{copying("cp_prices", "pricing.current"), web("web_purge_cache", "https://api.nordhem.example/cache/purge")},
		},
		{
			Name: "pl_campaign_feed", Folder: "pricing", Annotations: []string{"sales"}, usual: 3 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_campaign", 4, 5)},
			steps: []step{
				web("web_campaigns", "https://campaigns.nordhem.example/v2/active"),
				switchOn(
					"sw_format", "@activity('web_campaigns').output.format", inCase("json", copying("cp_campaigns", "sales.campaigns")),
					inCase("xml", function("fn_to_json", "XmlToJson")), inCase("xml", copying("cp_campaigns_xml", "sales.campaigns")), setting("set_unknown", "unknownFormat"),
				),
			},
		},
		{
			Name: "pl_crm_sync_customers", Folder: "crm", Annotations: []string{"gdpr", "crm"}, usual: 95 * time.Second,
			parameters: []parameter{fixed("entity", `"contact"`), fixed("pageSize", "500")}, habits: habits{failing: 0.045, seldomHeld: true},
			starts: []start{every("tr_crm_sync", 30*time.Minute, 6, 22)},
			steps: []step{
				secure(web("web_token", "https://crm.nordhem.example/oauth/token")), copying("cp_contacts", "crm.contacts"),
				calling("sp_merge_contacts", "crm.usp_merge_contacts"),
			},
		},
		{
			Name: "pl_crm_gdpr_erase", Folder: "crm", Annotations: []string{"gdpr", "tier-1"}, usual: 5 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_gdpr_erase", 3, 40)},
			steps: []step{
				lookup("lkp_requests", "gdpr.requests"), forEach("fe_systems", []string{"crm", "web", "loyalty"}, secure(calling("sp_erase", "gdpr.usp_erase")), appending("app_erased", "erased")),
				web("web_confirm", "https://privacy.nordhem.example/confirm"),
			},
		},
		{
			Name: "pl_web_clickstream", Folder: "web", Annotations: []string{"web"}, usual: 3 * time.Minute,
			parameters: []parameter{fixed("source", `"eventhub-clicks"`)},
			starts:     []start{every("tr_clickstream", 30*time.Minute, 0, 24)},
			steps:      []step{listing("gm_capture", "capture/clicks"), copying("cp_clicks", "web.clicks"), deleting("del_capture", "capture/clicks")},
		},
		{
			Name: "pl_web_search_index", Folder: "web", Annotations: []string{"web"}, usual: 4 * time.Minute,
			parameters: []parameter{forFile("search")}, starts: []start{blobs("be_search_files", 12)},
			steps: []step{validation("val_file", "landing/search"), function("fn_build_index", "BuildIndex"), webHook("wh_swap_index", "https://search.nordhem.example/swap")},
		},
		{
			Name: "pl_basket_events", Folder: "web", Annotations: []string{"web", "campaign"}, usual: 5 * time.Second,
			parameters: []parameter{choice("country", countries...)}, habits: habits{failing: 0.01, seldomHeld: true},
			starts: []start{stream("ce_basket", 15*time.Second, 16)},
			steps:  []step{function("fn_score_basket", "ScoreBasket"), scripting("sql_upsert_basket", "web.basket")},
		},
		{
			Name: "pl_partner_feed", Folder: "web", Annotations: []string{"web", "campaign", "partner"}, usual: 6 * time.Second,
			parameters: []parameter{choice("partner", "nordpay", "prisjakt", "homely", "parcelwise")}, habits: habits{failing: 0.02, seldomHeld: true},
			starts: []start{throttled(stream("ce_partner", 9*time.Second, 14))},
			steps:  []step{web("web_pull_partner", "https://partners.nordhem.example/feed"), setting("set_etag", "etag"), copying("cp_partner", "web.partner_offer")},
		},
		{
			Name: "pl_product_images", Folder: "web", Annotations: []string{"web"}, usual: 70 * time.Second,
			parameters: []parameter{forFile("images")}, starts: []start{blobs("be_images", 15)},
			steps: []step{listing("gm_images", "landing/images"), custom("cu_resize", "resize --in landing/images"), deleting("del_originals", "landing/images")},
		},
		{
			Name: "pl_loyalty_points", Folder: "crm", Annotations: []string{"crm", "gdpr"}, usual: 11 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_loyalty", 2, 20)},
			steps: []step{copying("cp_purchases", "sales.purchases"), calling("sp_points", "loyalty.usp_points"), copying("cp_balances", "loyalty.balances")},
		},
		{
			Name: "pl_fraud_scores", Folder: "sales/science", Annotations: []string{"tier-1"}, usual: 22 * time.Minute,
			parameters: []parameter{forDay()}, dimension: "JobId", starts: []start{daily("tr_fraud", 1, 45)},
			steps: []step{notebook("nb_fraud_scores", "/Shared/fraud/score"), copying("cp_scores", "sales.fraud_scores")},
		},
		{
			Name: "pl_sales_forecast", Folder: "sales/science", Annotations: []string{"sales"}, usual: 165 * time.Minute,
			parameters: []parameter{forDay(), fixed("model", `{"name":"prophet","horizonDays":90}`)},
			starts:     []start{on(sundays, daily("tr_forecast", 3, 0))},
			steps: []step{
				copying("cp_history", "sales.history"), notebook("nb_train", "/Shared/forecast/train"), notebook("nb_predict", "/Shared/forecast/predict"),
				copying("cp_forecast", "sales.forecast"),
			},
		},
		{
			Name: "pl_kpi_mail", Folder: "reports", Annotations: []string{}, usual: 40 * time.Second,
			parameters: []parameter{forDay()}, starts: []start{together(on(workingDays, daily("tr_morning", 6, 15)))}, habits: habits{handles: true, failing: 0.06},
			steps: []step{
				lookup("lkp_kpi", "mart.kpi"), web("web_send_mail", "https://mail.nordhem.example/send"),
				whenFailed(web("web_send_teams", "https://hooks.nordhem.example/teams")),
			},
		},
		{
			Name: "pl_sales_archive", Folder: "sales/housekeeping", Annotations: []string{}, usual: 75 * time.Minute,
			parameters: []parameter{forMonth()}, starts: []start{on(firstOfMonth, daily("tr_archive", 22, 0))},
			steps: []step{copying("cp_archive", "sales.archive"), deleting("del_archived", "sales/2019")},
		},
	}
}
