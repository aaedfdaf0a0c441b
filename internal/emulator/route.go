package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// route is a path taken apart. Names keep the caller's spelling; Azure compares
// every segment without regard to case.
type route struct {
	call string
	// operation is nil for calls of Entra ID and for paths and methods that
	// lead nowhere.
	operation *operation
	// methods are those under which the path leads somewhere.
	methods []string
	// isResource tells that the path is that of a resource which Azure lets
	// clients write and the emulator does not.
	isResource bool

	tenant string
	// isV1 tells the older form of an endpoint of Entra ID.
	isV1         bool
	subscription string
	group        string
	factory      string
	runID        string
	// child is the name of what lies below the factory: a pipeline, a trigger,
	// an integration runtime.
	child string
	// item lies below the child: a trigger run, a node.
	item string
	// namespace and kind are those of a provider path that leads nowhere.
	namespace string
	kind      string
}

// field is where the name under a placeholder of a path goes; nil for a
// segment that is none.
func (r *route) field(segment string) *string {
	switch segment {
	case "{subscription}":
		return &r.subscription
	case "{group}":
		return &r.group
	case "{factory}":
		return &r.factory
	case "{run}":
		return &r.runID
	case "{pipeline}", "{trigger}", "{runtime}", "{name}":
		return &r.child
	case "{triggerRun}", "{node}":
		return &r.item
	default:
		return nil
	}
}

func (r *route) isEntra() bool {
	switch r.call {
	case callToken, callOpenIDDiscovery, callInstanceDiscovery, callSigningKeys, callClusterDiscovery, callClusterKeys:
		return true
	default:
		return false
	}
}

// router finds the operation of a request.
type router struct {
	operations []*operation
}

// callNames lists the calls that can be struck by a fault, each once.
func (rt router) callNames() []string {
	names := []string{callToken}
	for _, op := range rt.operations {
		if !slices.Contains(names, op.call) {
			names = append(names, op.call)
		}
	}
	return names
}

// route never fails: a path that is nothing has the call "unknown".
func (rt router) route(method, path string) route {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	var found route
	for _, op := range rt.operations {
		var r route
		if !op.bind(segments, &r) {
			continue
		}
		r.call, r.operation = op.call, op
		if op.method == method {
			return r
		}
		r.methods, r.isResource = append(found.methods, op.method), found.isResource || op.isResource
		found = r
	}
	if found.operation != nil {
		found.operation = nil
		return found
	}
	return nowhere(segments)
}

// nowhere reads a path of no operation: what of it Azure would know.
func nowhere(seg []string) route {
	switch strings.ToLower(seg[0]) {
	case "subscriptions":
		return belowSubscription(seg)
	case "providers", "tenants", "batch":
		return route{call: callNotEmulated}
	}
	if r, ok := entraRoute(seg); ok {
		return r
	}
	return route{call: callUnknown}
}

func belowSubscription(seg []string) route {
	r := route{call: callNotEmulated}
	if len(seg) < 3 {
		return r
	}
	r.subscription = seg[1]
	rest := seg[2:]
	if strings.EqualFold(rest[0], "resourceGroups") {
		if len(rest) < 3 {
			return r
		}
		r.group = rest[1]
		rest = rest[2:]
	}
	if !strings.EqualFold(rest[0], "providers") || len(rest) < 2 {
		return r
	}
	return belowProvider(r, rest[1:])
}

// belowProvider reads {namespace}/{kind}/…, whose beginning may name a factory.
func belowProvider(r route, seg []string) route {
	r.call = callUnknown
	r.namespace = seg[0]
	if len(seg) > 1 {
		r.kind = seg[1]
	}
	if !strings.EqualFold(r.namespace, dataFactoryNamespace) || !strings.EqualFold(r.kind, "factories") {
		return r
	}
	switch {
	case r.group == "":
		r.kind += "/" + strings.Join(seg[2:], "/")
	case len(seg) > 3:
		r.factory = seg[2]
		if isFactoryChild(seg[3]) {
			r.call = callNotEmulated
		} else {
			r.kind = "factories/" + seg[3]
		}
	}
	return r
}

// isFactoryChild tells what Data Factory has, emulated or not (ADF REST,
// operation groups of 2018-06-01).
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

// refusal says why a route without an operation leads nowhere, as Resource
// Manager does.
func (r *route) refusal(request *http.Request) *armError {
	method := request.Method
	switch {
	case len(r.methods) > 0 && r.isResource && isWritingMethod(method):
		return errNotEmulated(method, request.URL.Path)
	case len(r.methods) > 0:
		return errMethod(method)
	case r.call == callNotEmulated:
		return errNotEmulated(method, request.URL.Path)
	case r.namespace == "":
		return errNotFound(request.URL.Path)
	case !strings.EqualFold(r.namespace, dataFactoryNamespace):
		return errNamespace(r.namespace)
	default:
		return errResourceType(r.kind, queryValue(request, "api-version"))
	}
}

func isWritingMethod(method string) bool {
	switch method {
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	default:
		return false
	}
}
