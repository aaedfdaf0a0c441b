package world

import (
	"fmt"
	"strconv"
	"time"
)

const (
	bankRetail = iota // of the subscriptions
	bankPayments
	bankRisk
	bankCrime
	bankReporting
	bankShared
	bankLeasing
	bankLeasingShared
)

// bankScenario is Ostervik, a bank in seven countries. Its leasing subsidiary has a tenant of its own, whose
// subscriptions are delegated to the bank (Azure Lighthouse).
func bankScenario() scenario {
	return scenario{
		name: "bank",
		what: "a bank with 40 factories in 8 subscriptions, 8 factories of them in the tenant of its leasing subsidiary, with month ends and shared servers",
		tenants: []tenantSpec{
			{name: "Ostervik Bank", domain: "ostervik.example"},
			{name: "Ostervik Leasing", domain: "ostervik-leasing.example"},
		},
		subscriptions: []subscriptionSpec{
			bankRetail: {name: "Ostervik Retail Production"}, bankPayments: {name: "Ostervik Cards and Payments Production"},
			bankRisk: {name: "Ostervik Risk and Treasury Production"}, bankCrime: {name: "Ostervik Financial Crime Prevention"},
			bankReporting: {name: "Ostervik Group Data and Reporting"}, bankShared: {name: "Ostervik Shared and Development"},
			bankLeasing:       {name: "Ostervik Leasing Production", tenant: 1},
			bankLeasingShared: {name: "Ostervik Leasing Development", tenant: 1},
		},
		factories: bankFactories(), cast: bankCast(), incidents: bankIncidents(),
	}
}

// coreServer is the database server that six factories share, and that goes down.
const coreServer = "sql-ostervik-core-prod.database.windows.net"

// bankFactory is one line of the table below; what a line leaves out is the same for all.
type bankFactory struct {
	subscription         int
	group, name, place   string
	server               string // empty: one of its own
	pipelines            []Pipeline
	identity, repository bool
	billing              billingForm
}

func bankFactories() []factorySpec {
	var all []factorySpec
	for i, f := range bankTable() {
		if f.server == "" {
			f.server = "sql-" + f.name + ".database.windows.net"
		}
		workspace := strconv.FormatUint(4_000_000_000_000_000+mix(textKey(f.name))%1_000_000_000_000_000, 10)
		spec := factorySpec{
			subscription: f.subscription, resourceGroup: f.group, name: f.name, location: f.place, identity: f.identity,
			created: fmt.Sprintf("20%02d-%02d-%02dT08:%02d:11.4409%03dZ", 19+i%6, 1+i*5%12, 1+i*7%28, i, 100+i),
			tags:    fmt.Sprintf(`{"costCenter":"%d","environment":"%s"}`, 7000+i/4*10, environmentOf(f.subscription)),
			systems: systems{
				sqlServer: f.server, database: "core", lake: "stosterviklake" + strconv.Itoa(f.subscription), databricks: fmt.Sprintf("adb-%s.%d.azuredatabricks.net", workspace, i%20),
				workspace: workspace, onPremises: fmt.Sprintf("OVMF%02d", i), region: f.place, billing: f.billing,
			},
			pipelines: joined(f.pipelines),
		}
		if f.repository {
			spec.repository = &Repository{
				Type: "FactoryVSTSConfiguration", AccountName: "ostervik", ProjectName: "data", RepositoryName: f.name, CollaborationBranch: "main", RootFolder: "/",
				LastCommitID: fmt.Sprintf("%016x%016x%08x", mix(textKey(f.name)), mix(textKey(f.name+"/2")), low32(textKey(f.name))),
			}
		}
		all = append(all, spec)
	}
	return all
}

func environmentOf(subscription int) string {
	if subscription == bankShared || subscription == bankLeasingShared {
		return "dev"
	}
	return "prod"
}

// bankTable has the busiest factory first, a few busy ones, and a long tail.
func bankTable() []bankFactory {
	branches := []string{"SE", "NO", "DK", "FI", "EE", "LV"}
	accounts := domain{name: "accounts", schema: "acc", items: branches, tag: "retail", hosted: true, hour: 1}
	customers := domain{name: "customers", schema: "cus", items: branches, tag: "retail", hour: 2}
	deposits := domain{name: "deposits", schema: "dep", items: branches, tag: "retail", hosted: true, hour: 2}
	channels := domain{name: "channels", schema: "chn", items: []string{"mobile", "web", "branch", "phone"}, tag: "retail", hour: 3}
	cards := domain{name: "cards", schema: "crd", items: []string{"debit", "credit", "business"}, tag: "cards", hour: 1}
	payments := domain{name: "payments", schema: "pay", items: []string{"sepa", "swift", "instant", "domestic"}, tag: "payments", hosted: true, hour: 1}
	risk := domain{name: "risk", schema: "rsk", items: []string{"credit", "market", "liquidity"}, tag: "risk", hour: 3}
	aml := domain{name: "aml", schema: "aml", items: []string{"transactions", "customers", "sanctions"}, tag: "financial-crime", hour: 2}
	ledger := domain{name: "ledger", schema: "gl", items: []string{"SE", "NO", "DK", "FI"}, tag: "finance", hosted: true, hour: 3}
	contracts := domain{name: "contracts", schema: "lea", items: []string{"cars", "machines", "it"}, tag: "leasing", hosted: true, hour: 2}
	of := func(name, tag string, hour int) domain {
		return domain{name: name, schema: name[:3], items: []string{"SE", "NO"}, tag: tag, hour: hour}
	}
	group := func(groups ...[]Pipeline) []Pipeline { return joined(groups...)() }
	return []bankFactory{
		{
			bankRetail, "rg-retail-core-prod", "adf-ostervik-retail-core", "West Europe", coreServer,
			group(
				accounts.nightly(), accounts.delta(time.Hour), accounts.windows(), accounts.closing(), accounts.quality(), accounts.corrections(3), accounts.legacy(), accounts.housekeeping(),
				customers.nightly(), customers.delta(time.Hour), customers.files("kyc", 14), customers.feed(15*time.Second, 14, true), customers.scoring(), customers.quality(),
				deposits.nightly(), deposits.files("standing", 12), deposits.corrections(2), deposits.report("centralbank", workingDays),
				channels.nightly(), channels.windows(), channels.files("events", 16), channels.feed(30*time.Second, 10, false),
			), true, true, billingObject,
		},
		{
			bankPayments, "rg-payments-prod", "adf-ostervik-payments", "westeurope", coreServer,
			group(payments.nightly(), payments.delta(2*time.Hour), payments.files("pain001", 9), payments.feed(20*time.Second, 4, false), payments.corrections(1), payments.quality()), true, true, billingObject,
		},
		{
			bankPayments, "rg-cards-prod", "adf-ostervik-cards", "West Europe", coreServer,
			group(cards.nightly(), cards.delta(3*time.Hour), cards.files("clearing", 8), cards.scoring(), cards.corrections(1)), true, true, billingObject,
		},
		{
			bankCrime, "rg-aml-prod", "adf-ostervik-aml", "North Europe", coreServer,
			group(aml.nightly(), aml.windows(), aml.files("sanctions", 3), aml.scoring(), aml.report("fiu", mondays)), true, true, billingObject,
		},
		{
			bankReporting, "rg-ledger-prod", "adf-ostervik-ledger", "West Europe", coreServer,
			group(ledger.nightly(), ledger.closing(), ledger.delta(2*time.Hour), ledger.corrections(2), ledger.legacy()), true, true, billingObject,
		},
		{
			bankRisk, "rg-risk-prod", "adf-ostervik-risk", "West Europe", coreServer,
			group(risk.nightly(), risk.closing(), risk.scoring(), risk.quality(), risk.report("supervisor", mondays)), true, true, billingObject,
		},
		{bankRetail, "rg-retail-mortgages-prod", "adf-ostervik-mortgages", "West Europe", "", group(of("mortgages", "retail", 3).daily(), of("mortgages", "retail", 3).closing()), true, true, billingObject},
		{bankRetail, "rg-retail-savings-prod", "adf-ostervik-savings", "westeurope", "", group(of("savings", "retail", 2).daily(), of("funds", "retail", 5).files("nav", 2)), true, false, billingObject},
		{bankRetail, "rg-retail-norway-prod", "adf-ostervik-retail-norway", "norwayeast", "", group(of("branches", "retail", 1).daily(), of("tellers", "retail", 4).files("cash", 3)), true, true, billingObject},
		{bankRetail, "rg-retail-baltics-prod", "ADF-Ostervik-Retail-Baltics", "North Europe", "", group(of("branches", "retail", 0).daily(), of("deposits", "retail", 2).legacy()), false, false, billingText},
		{bankRetail, "rg-retail-loyalty-prod", "adf-ostervik-loyalty", "West Europe", "", of("loyalty", "retail", 4).daily(), true, false, billingObject},
		{bankPayments, "rg-payments-prod", "adf-ostervik-swift", "westeurope", "", group(of("swift", "payments", 2).files("mt940", 4), of("swift", "payments", 2).daily()), true, true, billingObject},
		{bankPayments, "rg-payments-instant-prod", "adf-ostervik-instant", "Sweden Central", "", of("instant", "payments", 3).delta(4 * time.Hour), true, true, billingObject},
		{bankPayments, "rg-cards-prod", "adf-ostervik-card-disputes", "West Europe", "", of("disputes", "cards", 5).daily(), true, false, billingObject},
		{bankPayments, "rg-atm-prod", "adf-ostervik-atm", "swedencentral", "", group(of("atm", "cards", 4).daily(), of("atm", "cards", 4).files("journals", 3)), false, true, billingAbsent},
		{bankRisk, "rg-treasury-prod", "adf-ostervik-treasury", "West Europe", "", group(of("liquidity", "treasury", 6).daily(), of("positions", "treasury", 6).delta(4*time.Hour)), true, true, billingObject},
		{bankRisk, "rg-treasury-prod", "adf-ostervik-fx", "uksouth", "", of("rates", "treasury", 7).delta(4 * time.Hour), true, true, billingObject},
		{bankRisk, "rg-risk-models-prod", "adf-ostervik-risk-models", "West Europe", "", of("models", "risk", 4).scoring(), true, true, billingObject},
		{bankRisk, "rg-collateral-prod", "adf-ostervik-collateral", "germanywestcentral", "", of("collateral", "risk", 5).daily(), true, false, billingObject},
		{bankRisk, "rg-ratings-prod", "adf-ostervik-ratings", "West Europe", "", group(of("ratings", "risk", 6).daily(), of("ratings", "risk", 6).feed(time.Hour, 2, false)), true, true, billingObject},
		{bankCrime, "rg-fraud-prod", "adf-ostervik-fraud", "North Europe", "", group(of("fraud", "financial-crime", 1).scoring(), of("alerts", "financial-crime", 3).delta(4*time.Hour)), true, true, billingObject},
		{bankCrime, "RG-Sanctions-Prod", "adf-ostervik-sanctions", "northeurope", "", of("lists", "financial-crime", 5).daily(), true, true, billingObject},
		{bankCrime, "rg-kyc-prod", "adf-ostervik-kyc", "North Europe", "", group(of("kyc", "financial-crime", 4).daily(), of("kyc", "financial-crime", 4).corrections(1)), true, true, billingObject},
		{bankCrime, "rg-cases-prod", "adf-ostervik-cases", "North Europe", "", of("cases", "financial-crime", 6).daily(), true, false, billingObject},
		{bankReporting, "rg-regulatory-prod", "adf-ostervik-regulatory", "West Europe", "", group(of("finrep", "regulatory", 5).report("supervisor", workingDays), of("corep", "regulatory", 5).report("supervisor", closingDays)), true, true, billingObject},
		{bankReporting, "rg-regulatory-prod", "adf-ostervik-statistics", "westeurope", "", of("statistics", "regulatory", 6).report("centralbank", mondays), true, true, billingObject},
		{bankReporting, "rg-dwh-prod", "adf-ostervik-dwh", "West Europe", "", group(of("facts", "dwh", 4).daily(), of("marts", "dwh", 5).daily(), of("facts", "dwh", 4).quality()), true, true, billingObject},
		{bankReporting, "rg-tax-prod", "adf-ostervik-tax", "West Europe", "", of("tax", "finance", 5).report("tax", firstOfMonth), false, true, billingObject},
		{bankReporting, "rg-hr-prod", "adf-ostervik-people", "swedencentral", "", of("payroll", "people", 5).daily(), true, false, billingObject},
		{bankReporting, "rg-esg-prod", "adf-ostervik-esg", "West Europe", "", of("emissions", "reporting", 6).daily(), true, true, billingObject},
		{bankShared, "rg-platform-shared", "adf-ostervik-platform", "West Europe", "", group(of("platform", "platform", 0).housekeeping(), of("metadata", "platform", 1).daily()), true, true, billingObject},
		{bankShared, "rg-data-dev", "adf-ostervik-dev", "West Europe", "", group(of("sandbox", "dev", 9).corrections(2), of("trial", "dev", 9).daily()), true, true, billingAbsent},
		{bankLeasing, "rg-leasing-core-prod", "adf-ostleasing-contracts", "norwayeast", "", group(contracts.nightly(), contracts.closing()), true, true, billingObject},
		{bankLeasing, "rg-leasing-core-prod", "adf-ostleasing-invoices", "norwayeast", "", group(of("invoices", "leasing", 4).files("scans", 3), of("invoices", "leasing", 4).daily()), true, false, billingObject},
		{bankLeasing, "rg-leasing-fleet-prod", "adf-ostleasing-fleet", "Norway East", "", of("fleet", "leasing", 5).delta(4 * time.Hour), true, true, billingObject},
		{bankLeasing, "rg-leasing-residuals-prod", "adf-ostleasing-residuals", "norwayeast", "", of("residuals", "leasing", 6).scoring(), true, false, billingObject},
		{bankLeasing, "rg-leasing-dealers-prod", "adf-ostleasing-dealers", "norwayeast", "", of("dealers", "leasing", 7).files("orders", 3), true, true, billingText},
		{bankLeasing, "rg-leasing-reporting-prod", "adf-ostleasing-reporting", "norwayeast", "", of("group", "leasing", 7).report("ostervik", workingDays), true, true, billingObject},
		{bankLeasingShared, "rg-leasing-shared", "adf-ostleasing-platform", "Norway East", "", of("platform", "platform", 1).housekeeping(), false, false, billingObject},
		{bankLeasingShared, "rg-leasing-dev", "adf-ostleasing-dev", "norwayeast", "", of("trial", "dev", 9).corrections(1), true, false, billingAbsent},
	}
}

// bankIncidents is the bank's bad days.
func bankIncidents() []incident {
	onCore := []string{
		"adf-ostervik-retail-core", "adf-ostervik-payments", "adf-ostervik-cards", "adf-ostervik-aml", "adf-ostervik-ledger", "adf-ostervik-risk",
	}
	leasing := []string{"adf-ostleasing-contracts"}
	return []incident{
		{
			name: "the shared core database goes down and takes six factories with it", daysBefore: 8, from: hm(1, 0), lasts: 150 * time.Minute,
			factories: onCore, cause: "sqlUnreachable", share: 0.9,
		},
		{
			name: "the self-hosted runtime of the mainframe is offline", daysBefore: 15, from: hm(0, 30), lasts: 4 * time.Hour,
			factories: []string{"adf-ostervik-retail-core", "adf-ostervik-payments", "adf-ostervik-ledger"}, cause: "runtimeOffline", share: 0.7,
		},
		{
			name: "the leasing system's runtime is offline after an update", daysBefore: 4, from: hm(1, 0), lasts: 5 * time.Hour, factories: leasing,
			cause: "runtimeOffline", share: 1,
		},
		{
			name: "the secret of the payment hub's linked service runs out", daysBefore: 21, from: hm(7, 0), lasts: 6 * time.Hour,
			folders: []string{"payments", "accounts/manual", "deposits"}, cause: "tokenSecretExpired", share: 1,
		},
		{
			name: "a role assignment on the lake is removed by mistake", daysBefore: 29, from: hm(9, 0), lasts: 2 * time.Hour,
			factories: []string{"adf-ostervik-retail-core", "adf-ostervik-dwh", "adf-ostervik-kyc"}, cause: "lakeForbidden", share: 0.6,
		},
		{name: "no virtual machines for the models", daysBefore: 34, from: hm(2, 0), lasts: 5 * time.Hour, cause: "clusterLaunch", share: 0.9},
		{
			name: "the agency has closed our account and nobody has noticed yet", daysBefore: 3, from: hm(5, 0),
			pipelines: []string{"pl_ratings_daily"}, cause: "lakeForbidden", share: 1, live: true,
		},
		{name: "slow month end", daysBefore: 23, from: hm(0, 0), lasts: 20 * time.Hour, factories: onCore, slower: 2.4},
		{name: "slow core database", daysBefore: 7, from: hm(0, 0), lasts: 8 * time.Hour, factories: onCore, slower: 1.8},
	}
}

// bankCast is what is going on in the bank at the start.
func bankCast() []role {
	const retail, payments, cards, aml, ledger, leasing = "adf-ostervik-retail-core", "adf-ostervik-payments", "adf-ostervik-cards", "adf-ostervik-aml", "adf-ostervik-ledger", "adf-ostleasing-invoices"
	return []role{
		{factory: retail, pipeline: "pl_customers_scores", ago: 95 * time.Minute, runs: 160 * time.Minute},
		{factory: retail, pipeline: "pl_accounts_delta", ago: 5 * time.Minute, runs: 8 * time.Minute, trigger: true},
		{factory: retail, pipeline: "pl_customers_files", ago: 25 * time.Second, queued: 3 * time.Minute, runs: 80 * time.Second, trigger: true},
		{factory: retail, pipeline: "pl_deposits_files", ago: 8 * time.Second, queued: 4 * time.Minute, runs: 80 * time.Second, trigger: true},
		{factory: retail, pipeline: "pl_accounts_correction", ago: 80 * time.Second, runs: 90 * time.Second, outcome: cancelled},
		{factory: retail, pipeline: "pl_accounts_correction", ago: 6 * time.Hour, runs: 70 * time.Second, outcome: cancelled, noEnd: true},
		{
			factory: retail, pipeline: "pl_deposits_correction", ago: 3 * time.Hour, runs: 3 * time.Minute, outcome: failed, cause: "duplicateKey",
			again: &role{ago: 2 * time.Hour, runs: 2 * time.Minute},
		},
		{
			factory: retail, pipeline: "pl_accounts_quality", ago: 5 * time.Hour, runs: 3 * time.Minute, outcome: failed, cause: "checkFailed", trigger: true,
			again: &role{ago: 4 * time.Hour, runs: 3 * time.Minute},
		},
		{
			factory: payments, pipeline: "pl_payments_correction", ago: 5 * time.Hour, runs: 2 * time.Minute, outcome: failed, cause: "deadlock",
			again: &role{ago: 4 * time.Hour, runs: 2 * time.Minute, outcome: failed, cause: "deadlock"},
		},
		{factory: payments, pipeline: "pl_payments_delta", ago: 4 * time.Minute, runs: 11 * time.Minute, trigger: true},
		{
			factory: cards, pipeline: "pl_cards_scores", ago: 7 * time.Hour, runs: 20 * time.Minute, outcome: failed, cause: "notebookAssertion", trigger: true,
			again: &role{ago: 40 * time.Minute, runs: 70 * time.Minute},
		},
		{factory: aml, pipeline: "pl_aml_hourly", ago: 26 * time.Minute, runs: 45 * time.Minute, trigger: true},
		{factory: ledger, pipeline: "pl_ledger_delta", ago: 2 * time.Minute, runs: 6 * time.Minute},
		{factory: leasing, pipeline: "pl_invoices_files", ago: 14 * time.Second, queued: 2 * time.Minute, runs: 75 * time.Second, trigger: true},
	}
}
