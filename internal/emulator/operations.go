package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// Calls of Entra ID, and what is none: names as faults and the count of
// requests use them. Those of Resource Manager stand in operations.
const (
	callToken             = "token"
	callOpenIDDiscovery   = "openIdConfiguration"
	callInstanceDiscovery = "instanceDiscovery"
	callSigningKeys       = "signingKeys"
	callClusterDiscovery  = "clusterConfiguration"
	callClusterKeys       = "clusterKeys"
	callNotEmulated       = "notEmulated"
	callUnknown           = "unknown"
)

const (
	dataFactoryNamespace     = "Microsoft.DataFactory"
	dataFactoryAPIVersions   = "2018-06-01"
	subscriptionsAPIVersions = "2016-06-01,2019-06-01,2019-11-01,2020-01-01,2021-01-01,2022-12-01"
	resourceGraphAPIVersions = "2019-04-01,2020-04-01-preview,2021-03-01,2022-10-01,2024-04-01"
	resourcesAPIVersions     = "2019-05-01,2020-06-01,2021-04-01,2022-09-01,2024-03-01,2025-03-01,2025-04-01"
)

// Paths above those of Data Factory's own operations.
const (
	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourceGroups/{group}"
	factoriesPath    = "/providers/Microsoft.DataFactory/factories"
	factoryPath      = groupPath + factoriesPath + "/{factory}"
)

// operation is one call of Resource Manager or Data Factory that the emulator
// answers.
type operation struct {
	// call is its name for faults and counts; two forms of one call share it.
	call   string
	method string
	// path is the template; every segment is compared without regard to case.
	path string
	// action is the right that the call needs, at the scope of the factory or
	// of what the path names. Lists need none: they leave out what the caller
	// may not read.
	action   string
	versions string
	// isWrite counts against the bucket of writes instead of that of reads.
	isWrite bool
	// isQuery counts against the factory's monitoring queries as well.
	isQuery bool
	// isResource marks the path of a resource that Azure also lets clients put,
	// patch and delete.
	isResource bool
	handle     func(*azure, *call) (reply, *armError)

	segments []string
}

// adfAction is an action of Data Factory, below factories.
func adfAction(rest string) string { return dataFactoryNamespace + "/factories/" + rest }

// operations is the whole surface. Which calls count as writes follows the
// headers of recorded answers: actions do, queries and states do not.
func operations() []*operation {
	all := slices.Concat(resourceManagerOperations(), factoryOperations(), runOperations(), triggerOperations(), runtimeOperations())
	for _, op := range all {
		op.segments = strings.Split(strings.Trim(op.path, "/"), "/")
	}
	return all
}

func resourceManagerOperations() []*operation {
	return []*operation{
		{call: "subscriptions", method: http.MethodGet, path: "/subscriptions", versions: subscriptionsAPIVersions, handle: (*azure).subscriptions},
		{call: "subscriptions", method: http.MethodGet, path: subscriptionPath, action: actionReadSubscription, versions: subscriptionsAPIVersions, handle: (*azure).subscription},
		{call: "resourceGroups", method: http.MethodGet, path: subscriptionPath + "/resourceGroups", versions: resourcesAPIVersions, handle: (*azure).resourceGroups},
		{call: "resourceGroups", method: http.MethodGet, path: groupPath, action: "Microsoft.Resources/subscriptions/resourceGroups/read", versions: resourcesAPIVersions, handle: (*azure).resourceGroup},
		{call: "resourceGraph", method: http.MethodPost, path: "/providers/Microsoft.ResourceGraph/resources", versions: resourceGraphAPIVersions, handle: (*azure).resourceGraph},
		{call: "factories", method: http.MethodGet, path: subscriptionPath + factoriesPath, versions: dataFactoryAPIVersions, handle: (*azure).factories},
		{call: "factories", method: http.MethodGet, path: groupPath + factoriesPath, versions: dataFactoryAPIVersions, handle: (*azure).factories},
	}
}

func factoryOperations() []*operation {
	all := []*operation{{call: "factory", method: http.MethodGet, path: "", action: adfAction("read"), isResource: true, handle: (*azure).factory}}
	all = append(all, collectionOperations("pipelines", "pipeline", "{pipeline}", pipelineCollection())...)
	all = append(all, collectionOperations("linkedservices", "linkedService", "{name}", linkedServiceCollection())...)
	all = append(all, collectionOperations("datasets", "dataset", "{name}", datasetCollection())...)
	return adf(all)
}

// collectionOperations are the list of child resources and the get of one.
func collectionOperations(segment, one, name string, k collection) []*operation {
	action := adfAction(strings.ToLower(segment) + "/read")
	return []*operation{
		{call: one + "s", method: http.MethodGet, path: "/" + segment, action: action, handle: k.list},
		{call: one, method: http.MethodGet, path: "/" + segment + "/" + name, action: action, isResource: true, handle: k.get},
	}
}

func triggerOperations() []*operation {
	all := append(collectionOperations("triggers", "trigger", "{trigger}", triggerCollection()), []*operation{
		{call: "queryTriggers", method: http.MethodPost, path: "/querytriggers", action: adfAction("querytriggers/action"), handle: (*azure).queryTriggers},
		{call: "queryTriggerRuns", method: http.MethodPost, path: "/queryTriggerRuns", action: adfAction("querytriggerruns/action"), isQuery: true, handle: (*azure).queryTriggerRuns},
		{call: "eventSubscriptionStatus", method: http.MethodPost, path: "/triggers/{trigger}/getEventSubscriptionStatus", action: adfAction("triggers/geteventsubscriptionstatus/action"), isWrite: true, handle: (*azure).eventSubscriptionStatus},
		{call: "startTrigger", method: http.MethodPost, path: "/triggers/{trigger}/start", action: adfAction("triggers/start/action"), isWrite: true, handle: (*azure).startTrigger},
		{call: "stopTrigger", method: http.MethodPost, path: "/triggers/{trigger}/stop", action: adfAction("triggers/stop/action"), isWrite: true, handle: (*azure).stopTrigger},
		{call: "rerunTriggerRun", method: http.MethodPost, path: "/triggers/{trigger}/triggerRuns/{triggerRun}/rerun", action: adfAction("triggers/triggerruns/rerun/action"), isWrite: true, handle: (*azure).rerunTriggerRun},
		{call: "cancelTriggerRun", method: http.MethodPost, path: "/triggers/{trigger}/triggerRuns/{triggerRun}/cancel", action: adfAction("triggers/triggerruns/cancel/action"), isWrite: true, handle: (*azure).cancelTriggerRun},
	}...)
	return adf(all)
}

func runtimeOperations() []*operation {
	const runtime = "/integrationRuntimes/{runtime}"
	all := append(collectionOperations("integrationRuntimes", "integrationRuntime", "{runtime}", runtimeCollection()), []*operation{
		{call: "integrationRuntimeStatus", method: http.MethodPost, path: runtime + "/getStatus", action: adfAction("integrationruntimes/getstatus/read"), handle: (*azure).runtimeStatus},
		{call: "integrationRuntimeMonitoring", method: http.MethodPost, path: runtime + "/monitoringData", action: adfAction("integrationruntimes/monitoringdata/read"), handle: (*azure).runtimeMonitoring},
		{call: "integrationRuntimeNode", method: http.MethodGet, path: runtime + "/nodes/{node}", action: adfAction("integrationruntimes/nodes/read"), handle: (*azure).runtimeNode},
		{call: "integrationRuntimeNodeAddress", method: http.MethodPost, path: runtime + "/nodes/{node}/ipAddress", action: adfAction("integrationruntimes/nodes/ipaddress/action"), handle: (*azure).runtimeNodeAddress},
	}...)
	return adf(all)
}

func runOperations() []*operation {
	return adf([]*operation{
		{call: "queryPipelineRuns", method: http.MethodPost, path: "/queryPipelineRuns", action: adfAction("querypipelineruns/action"), isQuery: true, handle: (*azure).queryPipelineRuns},
		{call: "pipelineRun", method: http.MethodGet, path: "/pipelineruns/{run}", action: adfAction("pipelineruns/read"), handle: (*azure).pipelineRun},
		{call: "createRun", method: http.MethodPost, path: "/pipelines/{pipeline}/createRun", action: adfAction("pipelines/createrun/action"), isWrite: true, handle: (*azure).createRun},
		{call: "cancelRun", method: http.MethodPost, path: "/pipelineruns/{run}/cancel", action: adfAction("pipelineruns/cancel/action"), isWrite: true, handle: (*azure).cancelRun},
		{call: "cancelRun", method: http.MethodPost, path: "/cancelpipelinerun/{run}", action: adfAction("cancelpipelinerun/action"), isWrite: true, handle: (*azure).cancelRun},
		{call: "queryActivityRuns", method: http.MethodPost, path: "/pipelineruns/{run}/queryActivityruns", action: adfAction("pipelineruns/queryactivityruns/action"), isQuery: true, handle: (*azure).queryActivityRuns},
	})
}

// adf completes operations whose paths begin at a factory.
func adf(all []*operation) []*operation {
	for _, op := range all {
		op.path = factoryPath + op.path
		op.versions = dataFactoryAPIVersions
	}
	return all
}

// bind fills route with the names in the path, or returns false when the path
// is another one.
func (op *operation) bind(segments []string, r *route) bool {
	if len(segments) != len(op.segments) {
		return false
	}
	for i, want := range op.segments {
		if want[0] != '{' && !strings.EqualFold(want, segments[i]) {
			return false
		}
	}
	for i, want := range op.segments {
		if field := r.field(want); field != nil {
			*field = segments[i]
		}
	}
	return true
}
