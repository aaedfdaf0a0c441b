package world

import "time"

// financePipelines keep the books: ledger, payables, bank, staff.
func financePipelines() []Pipeline {
	companies := []string{"1000", "1100", "2000", "2100", "3000"}
	return []Pipeline{
		{
			Name: "pl_finance_nightly", Folder: "finance/orchestration", Annotations: []string{"tier-1", "finance"}, usual: 30 * time.Second,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_finance_nightly", 3, 5)},
			steps: []step{
				lookup("lkp_calendar", "ctl.fiscal_calendar"), execute("exec_cost_centers", "pl_cost_centers"),
				executeEach("fe_companies", "exec_gl_postings", "pl_gl_postings", companies...),
				execute("exec_ap_invoices", "pl_ap_invoices"), execute("exec_ar_open_items", "pl_ar_open_items"),
			},
		},
		{
			Name: "pl_gl_postings", Folder: "finance/ledger", Annotations: []string{"tier-1", "finance"}, usual: 6 * time.Minute,
			parameters: []parameter{forDay(), choice("companyCode", companies...)},
			starts:     []start{on(workingDays, every("tr_gl_hourly", time.Hour, 8, 18))},
			steps: []step{
				onPremises(copying("cp_postings", "fin.postings")), lookup("lkp_unbalanced", "fin.v_unbalanced"),
				calling("sp_post_ledger", "fin.usp_post_ledger"),
			},
		},
		{
			Name: "pl_gl_reconcile", Folder: "finance/ledger", Annotations: []string{"finance"}, usual: 17 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{on(mondays, daily("tr_reconcile", 5, 0)), busyAtMonthEnd(6, people(0.5))},
			steps: []step{
				copying("cp_trial_balance", "fin.trial_balance"), lookup("lkp_difference", "fin.v_difference"),
				ifTrue("if_difference", "@not(equals(activity('lkp_difference').output.firstRow.amount, 0))", failing("fail_difference", "ledger difference")),
			},
		},
		{
			Name: "pl_ap_invoices", Folder: "finance/payables", Annotations: []string{"finance"}, usual: 5 * time.Minute,
			parameters: []parameter{forDay(), securely("archivePin", "willow-4711")},
			steps:      []step{onPremises(copying("cp_invoices", "fin.invoices")), calling("sp_match_orders", "fin.usp_match_orders")},
		},
		{
			Name: "pl_ap_scans", Folder: "finance/payables", Annotations: []string{"finance"}, usual: 80 * time.Second,
			parameters: []parameter{forFile("scans")}, starts: []start{busyAtMonthEnd(3, blobs("be_invoice_scans", 20))}, habits: habits{limited: true},
			steps: []step{function("fn_read_scan", "ReadInvoice"), scripting("sql_store_invoice", "fin.invoice_scan"), deleting("del_scan", "landing/scans")},
		},
		{
			Name: "pl_ar_open_items", Folder: "finance/receivables", Annotations: []string{"finance"}, usual: 4 * time.Minute,
			parameters: []parameter{forDay()},
			steps:      []step{copying("cp_open_items", "fin.open_items"), calling("sp_dunning", "fin.usp_dunning")},
		},
		{
			Name: "pl_cost_centers", Folder: "finance/ledger", Annotations: []string{"finance"}, usual: 50 * time.Second,
			parameters: []parameter{}, starts: []start{people(0.2)},
			steps: []step{onPremises(copying("cp_cost_centers", "fin.cost_centers"))},
		},
		{
			Name: "pl_fx_rates", Folder: "finance/treasury", Annotations: []string{"treasury"}, usual: 35 * time.Second,
			parameters: []parameter{choice("base", "SEK", "EUR")}, starts: []start{on(workingDays, every("tr_fx_rates", 4*time.Hour, 8, 21))}, habits: habits{failing: 0.03, seldomHeld: true},
			steps: []step{web("web_rates", "https://rates.centralbank.example/daily"), scripting("sql_rates", "fin.fx_rate")},
		},
		{
			Name: "pl_bank_statements", Folder: "finance/treasury", Annotations: []string{"treasury", "tier-1"}, usual: 2 * time.Minute,
			parameters: []parameter{forFile("camt053")}, starts: []start{blobs("be_camt", 8)},
			steps: []step{copying("cp_statement", "fin.bank_statement"), calling("sp_clear_items", "fin.usp_clear_items")},
		},
		{
			Name: "pl_payments_export", Folder: "finance/treasury", Annotations: []string{"tier-1", "treasury"}, usual: 3 * time.Minute,
			parameters: []parameter{forDay(), fixed("format", `"pain.001"`)}, starts: []start{on(workingDays, dailyAt("tr_payments", hm(11, 0), hm(15, 0)))},
			steps: []step{
				lookup("lkp_approved", "fin.v_approved"), copying("cp_payment_file", "fin.payment_file"), web("web_bank", "https://gateway.bank.example/files"),
				until("until_receipt", "@equals(variables('receipt'), 'ACCP')", waiting("wait_receipt"), web("web_receipt", "https://gateway.bank.example/receipts")),
			},
		},
		{
			Name: "pl_vat_report", Folder: "finance/tax", Annotations: []string{"finance", "authority"}, usual: 12 * time.Minute,
			parameters: []parameter{forMonth()}, starts: []start{on(firstOfMonth, daily("tr_vat", 5, 30))},
			steps: []step{copying("cp_vat_lines", "fin.vat_lines"), dataFlow("df_vat", "df_vat_boxes"), copying("cp_vat_report", "fin.vat_report")},
		},
		{
			Name: "pl_month_end_close", Folder: "finance/closing", Annotations: []string{"tier-1", "finance"}, usual: 2 * time.Minute,
			parameters: []parameter{forMonth()}, starts: []start{on(closingDays, daily("tr_closing", 3, 0))},
			steps: []step{
				calling("sp_freeze", "fin.usp_freeze"), executeEach("fe_companies", "exec_close_company", "pl_close_company", companies...),
				execute("exec_accruals", "pl_accruals"), calling("sp_unfreeze", "fin.usp_unfreeze"),
			},
		},
		{
			Name: "pl_close_company", Folder: "finance/closing", Annotations: []string{"finance"}, usual: 13 * time.Minute,
			parameters: []parameter{forMonth(), choice("companyCode", companies...)},
			steps:      []step{calling("sp_revalue", "fin.usp_revalue"), calling("sp_carry_forward", "fin.usp_carry_forward"), copying("cp_balances", "fin.balances")},
		},
		{
			Name: "pl_accruals", Folder: "finance/closing", Annotations: []string{"finance"}, usual: 6 * time.Minute,
			parameters: []parameter{forMonth()}, steps: []step{lookup("lkp_contracts", "fin.contracts"), dataFlow("df_accruals", "df_accruals")},
		},
		{
			Name: "pl_ssis_ledger_legacy", Folder: "finance/legacy", Annotations: []string{"legacy"}, usual: 24 * time.Minute,
			parameters: []parameter{forDay()}, starts: []start{daily("tr_legacy", 2, 45)}, habits: habits{failing: 0.04},
			steps: []step{ssis("ssis_ledger", "Ledger/LoadLedger.dtsx"), ssis("ssis_assets", "Ledger/LoadAssets.dtsx")},
		},
		{
			Name: "pl_hr_employees", Folder: "hr", Annotations: []string{"gdpr", "hr"}, usual: 3 * time.Minute,
			parameters: []parameter{}, starts: []start{daily("tr_hr_employees", 4, 30)},
			steps: []step{web("web_hr_token", "https://hr.nordhem.example/token"), copying("cp_employees", "hr.employees"), calling("sp_org_tree", "hr.usp_org_tree")},
		},
		{
			Name: "pl_hr_absence", Folder: "hr", Annotations: []string{"gdpr", "hr"}, usual: 2 * time.Minute,
			parameters: []parameter{}, starts: []start{every("tr_hr_absence", 6*time.Hour, 0, 24)}, habits: habits{seldomHeld: true, neverFails: true},
			steps: []step{copying("cp_absence", "hr.absence"), scripting("sql_absence", "hr.absence_day")},
		},
		{
			Name: "pl_hr_payroll_export", Folder: "hr", Annotations: []string{"gdpr", "hr", "tier-1"}, usual: 8 * time.Minute,
			parameters: []parameter{forMonth()}, starts: []start{on(firstOfMonth, daily("tr_payroll", 20, 0))},
			steps: []step{copying("cp_payroll", "hr.payroll"), web("web_payroll", "https://payroll.partner.example/upload")},
		},
		{
			Name: "pl_budget_import", Folder: "finance/planning", Annotations: []string{"planning"}, usual: 4 * time.Minute,
			parameters: []parameter{choice("version", "budget", "forecast-1", "forecast-2"), fixed("sheets", `["P&L","Capex"]`)}, starts: []start{busyAtMonthEnd(2, people(1.4))},
			habits: habits{failing: 0.08},
			steps:  []step{copying("cp_sheets", "plan.sheets"), calling("sp_validate_budget", "plan.usp_validate")},
		},
	}
}
