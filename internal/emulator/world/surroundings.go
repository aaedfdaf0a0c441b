package world

import (
	"slices"
	"strings"
)

// The names of the linked services, the same in all factories, as a company's conventions want it.
const (
	serviceSQL        = "ls_sql"
	serviceOnPremises = "ls_onprem_sql"
	serviceLake       = "ls_lake"
	serviceDatabricks = "ls_databricks"
	serviceFunctions  = "ls_functions"
	serviceVault      = "ls_vault"
	serviceBatch      = "ls_batch"
	serviceBatchFiles = "ls_batch_files"
	serviceSynapse    = "ls_synapse"
)

// linkedService is the machine that the activity itself runs on or against; nil for those that name datasets or nothing.
func (s *step) linkedService(f *Factory) map[string]any {
	name := ""
	switch s.kind {
	case kindScript, kindProcedure:
		name = serviceSQL
		if s.hosted {
			name = serviceOnPremises
		}
	case kindNotebook:
		name = serviceDatabricks
	case kindFunction:
		name = serviceFunctions
	case kindCustom:
		name = serviceBatch
	case kindSynapse:
		name = serviceSynapse
	default:
	}
	if name == "" || f == nil {
		return nil
	}
	return reference("LinkedServiceReference", name)
}

// linkedServiceProperties are those of one linked service (ADF REST, LinkedService).
type linkedServiceProperties struct {
	Type           string         `json:"type"`
	Description    string         `json:"description,omitempty"`
	ConnectVia     map[string]any `json:"connectVia,omitempty"`
	Annotations    []string       `json:"annotations"`
	TypeProperties map[string]any `json:"typeProperties"`
}

// LinkedServiceResources are the machines that f's pipelines talk to. Secrets read "**********", as the live service
// shows them.
func (f *Factory) LinkedServiceResources() []Resource {
	used := map[string]bool{serviceSQL: true, serviceLake: true, serviceVault: true}
	f.eachStep(func(s *step) {
		if s.hosted {
			used[serviceOnPremises] = true
		}
		if l := s.linkedService(f); l != nil {
			used[l["referenceName"].(string)] = true
		}
	})
	used[serviceBatchFiles] = used[serviceBatch]
	var all []Resource
	for _, name := range []string{
		serviceBatch, serviceBatchFiles, serviceDatabricks, serviceFunctions, serviceLake, serviceOnPremises, serviceSQL, serviceSynapse, serviceVault,
	} {
		if used[name] {
			all = append(all, f.resource("linkedservices", name, f.published("linkedservices/"+name), f.linkedServiceNamed(name)))
		}
	}
	return all
}

func (f *Factory) linkedServiceNamed(name string) linkedServiceProperties {
	m := &f.systems
	short, _, _ := strings.Cut(m.sqlServer, ".")
	p := linkedServiceProperties{Annotations: []string{}}
	switch name {
	case serviceSQL:
		p.Type, p.Annotations = "AzureSqlDatabase", []string{"sql"}
		p.TypeProperties = map[string]any{
			"server": m.sqlServer, "database": m.database, "encrypt": "mandatory", "trustServerCertificate": false, "authenticationType": "SQL", "userName": "adf_loader",
			"password": vaultSecret("sql-adf-loader"),
		}
	case serviceOnPremises:
		p.Type, p.ConnectVia = "SqlServer", reference("IntegrationRuntimeReference", f.hostedRuntime())
		p.TypeProperties = map[string]any{
			"server": m.onPremises, "database": m.database, "encrypt": "optional", "authenticationType": "Windows", "userName": `NORDHEM\adf`, "password": masked(),
		}
	case serviceLake:
		p.Type, p.TypeProperties = "AzureBlobFS", map[string]any{"url": "https://" + m.lake + ".dfs.core.windows.net/"}
	case serviceDatabricks:
		p.Type = "AzureDatabricks"
		p.TypeProperties = map[string]any{
			"domain": "https://" + m.databricks, "accessToken": masked(), "newClusterNodeType": "Standard_DS4_v2", "newClusterNumOfWorker": "8", "newClusterVersion": "15.4.x-scala2.12",
		}
	case serviceFunctions:
		p.Type, p.TypeProperties = "AzureFunction", map[string]any{
			"functionAppUrl": "https://func-" + strings.TrimPrefix(short, "sql-") + ".azurewebsites.net", "functionKey": masked(), "authentication": "Anonymous",
		}
	case serviceBatch:
		p.Type, p.TypeProperties = "AzureBatch", map[string]any{
			"accountName": "banordhem", "accessKey": masked(), "batchUri": "https://banordhem.westeurope.batch.azure.com", "poolName": "pool-adf",
			"linkedServiceName": reference("LinkedServiceReference", serviceBatchFiles),
		}
	case serviceBatchFiles:
		p.Type, p.TypeProperties = "AzureBlobStorage", map[string]any{"serviceEndpoint": "https://" + m.lake + ".blob.core.windows.net/", "accountKind": "StorageV2"}
	case serviceSynapse:
		p.Type, p.TypeProperties = "AzureSynapseArtifacts", map[string]any{"endpoint": "https://syn-nordhem.dev.azuresynapse.net", "authentication": "MSI"}
	case serviceVault:
		p.Type, p.TypeProperties = "AzureKeyVault", map[string]any{"baseUrl": "https://kv-" + strings.TrimPrefix(short, "sql-") + ".vault.azure.net/"}
	}
	return p
}

// vaultSecret is a secret that the linked service names and does not hold.
func vaultSecret(name string) map[string]any {
	return map[string]any{"type": "AzureKeyVaultSecret", "store": reference("LinkedServiceReference", serviceVault), "secretName": name}
}

// dataset is the dataset that the activity reads, checks or empties.
func (s *step) dataset() string {
	return "ds_" + strings.NewReplacer(".", "_", "/", "_").Replace(s.about)
}

// sinkDataset is the one that a Copy writes.
func (s *step) sinkDataset() string { return "ds_raw_" + strings.TrimPrefix(s.dataset(), "ds_") }

// datasetProperties are those of one dataset (ADF REST, Dataset).
type datasetProperties struct {
	LinkedServiceName map[string]any   `json:"linkedServiceName"`
	Folder            map[string]any   `json:"folder,omitempty"`
	Annotations       []string         `json:"annotations"`
	Type              string           `json:"type"`
	TypeProperties    map[string]any   `json:"typeProperties"`
	Schema            []map[string]any `json:"schema"`
}

// DatasetResources are the tables and folders that f's pipelines work on, by name.
func (f *Factory) DatasetResources() []Resource {
	found := map[string]datasetProperties{}
	f.eachStep(func(s *step) {
		switch s.kind {
		case kindCopy:
			found[s.dataset()], found[s.sinkDataset()] = s.table(), s.lakeFolder("Parquet", "raw", s.about)
		case kindLookup:
			found[s.dataset()] = s.table()
		case kindGetMetadata, kindDelete, kindValidation:
			found[s.dataset()] = s.lakeFolder("Binary", "files", s.about)
		default:
		}
	})
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []Resource
	for _, name := range names {
		all = append(all, f.resource("datasets", name, f.published("datasets/"+name), found[name]))
	}
	return all
}

func (s *step) table() datasetProperties {
	schema, table, _ := strings.Cut(s.about, ".")
	d := datasetProperties{
		LinkedServiceName: reference("LinkedServiceReference", serviceSQL), Folder: folder("sql"), Annotations: []string{}, Type: "AzureSqlTable",
		TypeProperties: map[string]any{"schema": schema, "table": table},
		Schema:         []map[string]any{{"name": "id", "type": "bigint", "precision": 19}, {"name": "changed_at", "type": "datetime2", "scale": 7}},
	}
	if s.hosted {
		d.LinkedServiceName, d.Type = reference("LinkedServiceReference", serviceOnPremises), "SqlServerTable"
	}
	return d
}

func (s *step) lakeFolder(kindOfDataset, fileSystem, path string) datasetProperties {
	location := map[string]any{"type": "AzureBlobFSLocation", "folderPath": strings.ReplaceAll(path, ".", "/"), "fileSystem": fileSystem}
	d := datasetProperties{
		LinkedServiceName: reference("LinkedServiceReference", serviceLake), Folder: folder("lake"), Annotations: []string{}, Type: kindOfDataset,
		TypeProperties: map[string]any{"location": location}, Schema: []map[string]any{},
	}
	if kindOfDataset == "Parquet" {
		d.TypeProperties["compressionCodec"] = "snappy"
	}
	return d
}

// eachStep visits all steps of f's pipelines, those inside containers too.
func (f *Factory) eachStep(visit func(*step)) {
	var walk func(steps []step)
	walk = func(steps []step) {
		for i := range steps {
			visit(&steps[i])
			walk(steps[i].inner)
		}
	}
	for _, p := range f.pipelines() {
		walk(p.steps)
	}
}
