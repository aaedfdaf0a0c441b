package emulator

import "strings"

// What a request asks for, as faults and the count of requests name it.
const (
	callToken             = "token"
	callSubscriptions     = "subscriptions"
	callFactories         = "factories"
	callFactory           = "factory"
	callQueryPipelineRuns = "queryPipelineRuns"
	callPipelineRun       = "pipelineRun"
	callQueryActivityRuns = "queryActivityRuns"
	callOpenIDDiscovery   = "openIdConfiguration"
	callInstanceDiscovery = "instanceDiscovery"
	callSigningKeys       = "signingKeys"
	callNotEmulated       = "notEmulated"
	callUnknown           = "unknown"

	dataFactoryNamespace     = "Microsoft.DataFactory"
	subscriptionsAPIVersions = "2016-06-01,2019-06-01,2019-11-01,2020-01-01,2021-01-01,2022-12-01"
	dataFactoryAPIVersions   = "2018-06-01"
)

// callNames lists the calls that can be struck by a fault.
func callNames() []string {
	return []string{
		callToken, callSubscriptions, callFactories, callFactory,
		callQueryPipelineRuns, callPipelineRun, callQueryActivityRuns,
	}
}

// route is a path taken apart. Names keep the caller's spelling; Azure compares
// every segment without regard to case.
type route struct {
	call         string
	tenant       string
	subscription string
	group        string
	factory      string
	runID        string
	// namespace and kind are those of a provider path that leads nowhere.
	namespace string
	kind      string
}

func (r route) isEntra() bool {
	switch r.call {
	case callToken, callOpenIDDiscovery, callInstanceDiscovery, callSigningKeys:
		return true
	default:
		return false
	}
}

// parseRoute never fails: a path that is nothing has the call "unknown".
func parseRoute(path string) route {
	seg := strings.Split(strings.Trim(path, "/"), "/")
	is := func(i int, name string) bool { return i < len(seg) && strings.EqualFold(seg[i], name) }
	switch {
	case is(0, "subscriptions"):
		return parseSubscription(seg)
	case is(0, "providers"), is(0, "tenants"), is(0, "batch"):
		return route{call: callNotEmulated}
	case len(seg) == 3 && is(0, "common") && is(1, "discovery") && is(2, "instance"):
		return route{call: callInstanceDiscovery}
	case len(seg) == 4 && is(1, "oauth2") && is(2, "v2.0") && is(3, "token"):
		return route{call: callToken, tenant: seg[0]}
	case len(seg) == 4 && is(1, "v2.0") && is(2, ".well-known") && is(3, "openid-configuration"):
		return route{call: callOpenIDDiscovery, tenant: seg[0]}
	case len(seg) == 4 && is(1, "discovery") && is(2, "v2.0") && is(3, "keys"):
		return route{call: callSigningKeys, tenant: seg[0]}
	}
	return route{call: callUnknown}
}

func parseSubscription(seg []string) route {
	r := route{call: callSubscriptions}
	if len(seg) == 1 {
		return r
	}
	r.subscription = seg[1]
	if len(seg) == 2 {
		return r
	}
	rest := seg[2:]
	if strings.EqualFold(rest[0], "resourceGroups") {
		if len(rest) < 3 {
			r.call = callNotEmulated
			return r
		}
		r.group = rest[1]
		rest = rest[2:]
	}
	if !strings.EqualFold(rest[0], "providers") || len(rest) < 2 {
		r.call = callNotEmulated
		return r
	}
	return parseProvider(r, rest[1:])
}

// parseProvider reads {namespace}/factories[/{factory}[/{child}…]].
func parseProvider(r route, seg []string) route {
	r.call = callUnknown
	r.namespace = seg[0]
	if len(seg) > 1 {
		r.kind = seg[1]
	}
	if !strings.EqualFold(r.namespace, dataFactoryNamespace) || !strings.EqualFold(r.kind, "factories") {
		return r
	}
	switch {
	case len(seg) == 2:
		r.call = callFactories
	case r.group == "":
		r.kind += "/" + strings.Join(seg[2:], "/")
	case len(seg) == 3:
		r.factory, r.call = seg[2], callFactory
	default:
		r.factory = seg[2]
		r = parseChild(r, seg[3:])
	}
	return r
}

func parseChild(r route, seg []string) route {
	is := func(i int, name string) bool { return strings.EqualFold(seg[i], name) }
	switch {
	case len(seg) == 1 && is(0, "queryPipelineRuns"):
		r.call = callQueryPipelineRuns
	case len(seg) == 2 && is(0, "pipelineruns"):
		r.call, r.runID = callPipelineRun, seg[1]
	case len(seg) == 3 && is(0, "pipelineruns") && is(2, "queryActivityruns"):
		r.call, r.runID = callQueryActivityRuns, seg[1]
	case isFactoryChild(seg[0]):
		r.call = callNotEmulated
	default:
		r.kind = "factories/" + seg[0]
	}
	return r
}

// isFactoryChild tells what Data Factory has beside what is emulated
// (ADF REST, operation groups of 2018-06-01).
func isFactoryChild(segment string) bool {
	switch strings.ToLower(segment) {
	case "pipelines", "pipelineruns", "cancelpipelinerun",
		"triggers", "querytriggers", "querytriggerruns", "triggerruns", "rerunpipelinerun",
		"integrationruntimes", "linkedservices", "datasets", "dataflows", "globalparameters",
		"adfcdcs", "credentials", "managedvirtualnetworks", "privateendpointconnections", "privatelinkresources",
		"createdataflowdebugsession", "querydataflowdebugsessions", "adddataflowtodebugsession",
		"executedataflowdebugcommand", "deletedataflowdebugsession",
		"getgithubaccesstoken", "getdataplaneaccess", "getfeaturevalue", "queryfeaturesvalue", "configurefactoryrepo":
		return true
	default:
		return false
	}
}
