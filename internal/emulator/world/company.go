package world

import (
	"encoding/json"
	"strings"
	"time"
)

// Subscription is an Azure subscription that the company pays for.
type Subscription struct {
	ID          string
	DisplayName string
	TenantID    string // of the tenant that the subscription belongs to: one of [World.Tenants]
}

// Factory is one data factory. Its exported fields are those of the ARM resource (ADF REST, Factories - Get).
type Factory struct {
	SubscriptionID string
	ResourceGroup  string
	Name           string
	Location       string // as this resource spells it: Azure knows both "westeurope" and "West Europe"
	Tags           map[string]string
	CreateTime     time.Time
	ETag           string // without the quotes that ARM puts into the value
	PrincipalID    string // of the system-assigned identity; empty when the factory has none
	Repository     *Repository

	world   *World
	upperID string
	systems systems
	site    site
	runs    []*Run // started, in the order of their starts; guarded by the world's mutex
}

// Repository is where a factory's definitions are kept (ADF REST, FactoryRepoConfiguration).
type Repository struct {
	Type                string // FactoryVSTSConfiguration or FactoryGitHubConfiguration
	AccountName         string
	ProjectName         string // empty for GitHub
	RepositoryName      string
	CollaborationBranch string
	RootFolder          string
	LastCommitID        string
}

// ID is the ARM resource id of the factory, in the spelling ARM lists it under.
func (f *Factory) ID() string {
	return "/subscriptions/" + f.SubscriptionID + "/resourceGroups/" + f.ResourceGroup +
		"/providers/Microsoft.DataFactory/factories/" + f.Name
}

// systems are the machines a factory's pipelines talk to. They turn up in error messages and outputs.
type systems struct {
	sqlServer  string
	database   string
	lake       string
	databricks string
	workspace  string // the number in the URL of a Databricks run page
	onPremises string
	region     string // as integration runtimes name it
	billing    billingForm
}

// billingForm is how a factory's activities write output.billingReference; all three occur in real factories.
type billingForm uint8

const (
	billingObject billingForm = iota
	billingText               // a JSON string that holds the object, as before 2021
	billingAbsent
)

// defaultScenario is Nordhem, which sells furniture in eight countries and keeps its books, its stock and its warehouse
// in Azure.
func defaultScenario() scenario {
	return scenario{
		name:    DefaultScenario,
		what:    "a furniture company with five factories that load sales, books and stock by night and by day",
		tenants: []tenantSpec{{name: "Nordhem AB", domain: "nordhem.example"}},
		subscriptions: []subscriptionSpec{
			subscriptionProduction:  {name: "Nordhem Data Production"},
			subscriptionDevelopment: {name: "Nordhem Data Shared and Development"},
		},
		factories: factorySpecs(), cast: theCast(), incidents: incidents(),
	}
}

const (
	subscriptionProduction = iota
	subscriptionDevelopment
)

type factorySpec struct {
	subscription  int
	resourceGroup string
	name          string
	location      string
	created       string // RFC 3339
	tags          string // JSON
	identity      bool
	repository    *Repository
	systems       systems
	pipelines     func() []Pipeline
}

// factorySpecs lists the busiest factory first: other programs rely on that.
func factorySpecs() []factorySpec {
	return []factorySpec{
		{
			subscription: subscriptionProduction, resourceGroup: "rg-data-sales-prod", name: "adf-nordhem-sales-prod",
			location: "West Europe", created: "2021-03-08T09:41:22.1094473Z", identity: true,
			tags:       `{"costCenter":"4110","environment":"prod","owner":"sales-data@nordhem.example"}`,
			repository: devOps("sales-factory", "6f0d7b1c5a3e4f5897aab0c4b1d8e27f6f9a1c03"),
			systems: systems{
				sqlServer: "sql-nordhem-sales-prod.database.windows.net", database: "sales", lake: "stnordhemlakeprod",
				databricks: "adb-4821067315904417.17.azuredatabricks.net", workspace: "4821067315904417",
				onPremises: "SRVPOS04", region: "West Europe",
			},
			pipelines: salesPipelines,
		},
		{
			subscription: subscriptionProduction, resourceGroup: "rg-data-finance-prod", name: "adf-nordhem-finance-prod",
			location: "westeurope", created: "2020-10-19T12:05:47.3315908Z", identity: true,
			tags:       `{"costCenter":"2200","environment":"prod","gdpr":"yes"}`,
			repository: devOps("finance-factory", "b81c9d0e4f6a7b2c3d5e8f9012a4b6c8d0e1f237"),
			systems: systems{
				sqlServer: "sql-nordhem-erp-prod.database.windows.net", database: "ledger", lake: "stnordhemfinanceprod",
				databricks: "adb-7710934528816023.3.azuredatabricks.net", workspace: "7710934528816023",
				onPremises: "SRVERP01", region: "West Europe",
			},
			pipelines: financePipelines,
		},
		{
			subscription: subscriptionProduction, resourceGroup: "RG-Data-Platform-Prod", name: "adf-nordhem-dw-prod",
			location: "West Europe", created: "2021-06-01T07:12:09.8850127Z", identity: true,
			tags:       `{"costCenter":"1900","environment":"prod","tier":"1"}`,
			repository: devOps("warehouse-factory", "0c4e8a1b2d3f5a6978b9cadbecfd0e1f20314253"),
			systems: systems{
				sqlServer: "sql-nordhem-dw-prod.database.windows.net", database: "dw", lake: "stnordhemlakeprod",
				databricks: "adb-4821067315904417.17.azuredatabricks.net", workspace: "4821067315904417",
				onPremises: "SRVDW02", region: "West Europe",
			},
			pipelines: warehousePipelines,
		},
		{
			subscription: subscriptionDevelopment, resourceGroup: "rg-logistics-nordics", name: "ADF-Nordhem-Logistics",
			location: "northeurope", created: "2019-11-27T15:30:00.0419766Z",
			tags: `{"owner":"logistics-it@nordhem.example"}`,
			systems: systems{
				sqlServer: "sql-nordhem-wms.database.windows.net", database: "wms", lake: "stnordhemlogistics",
				databricks: "adb-2039481756610388.8.azuredatabricks.net", workspace: "2039481756610388",
				onPremises: "WMS-GBG-01", region: "North Europe", billing: billingText,
			},
			pipelines: logisticsPipelines,
		},
		{
			subscription: subscriptionDevelopment, resourceGroup: "rg-data-dev", name: "adf-nordhem-dev",
			location: "West Europe", created: "2022-02-14T10:20:30.5540012Z", identity: true,
			tags: `{"environment":"dev"}`,
			systems: systems{
				sqlServer: "sql-nordhem-dev.database.windows.net", database: "sandbox", lake: "stnordhemlakedev",
				databricks: "adb-1190284756663201.1.azuredatabricks.net", workspace: "1190284756663201",
				onPremises: "SRVDEV01", region: "West Europe", billing: billingAbsent,
			},
			pipelines: developmentPipelines,
		},
	}
}

func devOps(repository, commit string) *Repository {
	return &Repository{
		Type: "FactoryVSTSConfiguration", AccountName: "nordhem", ProjectName: "data-platform", RepositoryName: repository,
		CollaborationBranch: "main", RootFolder: "/", LastCommitID: commit,
	}
}

func (spec *factorySpec) build(w *World) (*Factory, error) {
	created, err := time.Parse(time.RFC3339Nano, spec.created)
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	if err := json.Unmarshal([]byte(spec.tags), &tags); err != nil {
		return nil, err
	}
	key := textKey(spec.name)
	f := &Factory{
		SubscriptionID: w.subscriptions[spec.subscription].ID, ResourceGroup: spec.resourceGroup, Name: spec.name,
		Location: spec.location, Tags: tags, CreateTime: created, Repository: spec.repository,
		ETag:  guid(w.seed, saltCompany, key, 1),
		world: w, systems: spec.systems,
	}
	if spec.identity {
		f.PrincipalID = guid(w.seed, saltCompany, key, 2)
	}
	f.upperID = strings.ToUpper(f.ID())
	return f, nil
}
