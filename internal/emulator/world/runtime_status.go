package world

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The versions of the self-hosted integration runtime, as the service writes them; one comes out every few weeks.
const (
	runtimeVersion = "5.52.9378.2"
	newestVersion  = "5.53.9418.1"
)

type runtimeStatus struct {
	Name       string                  `json:"name"`
	Properties runtimeStatusProperties `json:"properties"`
}

type runtimeStatusProperties struct {
	DataFactoryName string         `json:"dataFactoryName"`
	State           string         `json:"state"`
	Type            string         `json:"type"`
	TypeProperties  map[string]any `json:"typeProperties"`
}

// RuntimeStatus is the answer to getStatus of the runtime with that name, compared without case, at t (ADF REST,
// Integration Runtimes - Get Status): {"name", "properties"}. It is nil when f has no such runtime.
func (f *Factory) RuntimeStatus(name string, t time.Time) json.RawMessage {
	name = f.runtimeNamed(name)
	if name == "" {
		return nil
	}
	now := at(t)
	p := runtimeStatusProperties{DataFactoryName: f.Name, Type: managed, State: runtimeOnline}
	switch name {
	case runtimeAuto, runtimeDataFlow:
		p.TypeProperties = map[string]any{"nodes": []any{}, "otherErrors": []any{}}
	case runtimeSSIS:
		p.State, p.TypeProperties = f.ssisState(now), f.ssisStatus(now)
	default:
		p.Type, p.State, p.TypeProperties = selfHosted, f.hostedState(now), f.hostedStatus(now)
	}
	return marshal(runtimeStatus{Name: name, Properties: p})
}

// RuntimeState is the runtime's state alone, compared without case: one of those of ADF's IntegrationRuntimeState. It is
// empty when f has no such runtime.
func (f *Factory) RuntimeState(name string, t time.Time) string {
	switch f.runtimeNamed(name) {
	case "":
		return ""
	case runtimeAuto, runtimeDataFlow:
		return runtimeOnline
	case runtimeSSIS:
		return f.ssisState(at(t))
	}
	return f.hostedState(at(t))
}

// ssisStatus has nodes only while there are machines.
func (f *Factory) ssisStatus(now instant) map[string]any {
	nodes := []any{}
	state := f.ssisState(now)
	from, to := f.ssisSpan(now)
	for i := range ssisNodes {
		status := ""
		switch h := mixAll(f.world.seed, saltRuntime, textKey(f.Name), uint64(dayOf(now)), uint64(i)); { //nolint:gosec // days after 1970
		case state == runtimeStarting:
			status = runtimeStarting
		case state == runtimeStarted && h%3 == 0 && now >= to.add(-40*time.Minute) && now < to.add(-25*time.Minute):
			status = nodeRecycling
		case state == runtimeStarted:
			status = nodeAvailable
		}
		if status != "" {
			nodes = append(nodes, map[string]any{"nodeId": fmt.Sprintf("tvmps_%s_%d-dp", guid32(f.world.seed, saltRuntime, textKey(f.Name), uint64(from))[:20], i), "status": status, "errors": []any{}}) //nolint:gosec // after 1970
		}
	}
	last, when := "Stop", to
	if state == runtimeStarting || state == runtimeStarted {
		last, when = "Start", from
	}
	if when > now {
		when = dayOf(now).clock(0).add(-dayLength + ssisNightTo) // yesterday's
	}
	return map[string]any{
		"createTime": f.published("integrationruntimes/" + runtimeSSIS), "nodes": nodes, "otherErrors": []any{},
		"lastOperation": map[string]any{
			"type": last, "startTime": when.time(), "result": "Succeeded", "errorCode": nil, "parameters": []string{},
			"activityId": guid(f.world.seed, saltRuntime, textKey(f.Name), uint64(when)), //nolint:gosec // after 1970
		},
	}
}

// capabilities are strings, and those of a runtime are those of a node that is there.
func capabilities(on bool) map[string]string {
	if !on {
		return map[string]string{"serviceBusConnected": "False", "httpsPortEnabled": "False", "credentialInSync": "False", "connectedToResourceManager": "False", "nodeEnabled": "True"}
	}
	return map[string]string{"serviceBusConnected": "True", "httpsPortEnabled": "True", "credentialInSync": "True", "connectedToResourceManager": "True", "nodeEnabled": "True"}
}

func (f *Factory) hostedStatus(now instant) map[string]any {
	name := f.hostedRuntime()
	created := f.published("integrationruntimes/" + name)
	region := "we"
	if f.systems.region == "North Europe" {
		region = "ne"
	}
	status := map[string]any{
		"createTime": created, "taskQueueId": guid(f.world.seed, saltRuntime, textKey(name)), "nodes": []any{}, "links": []any{}, "capabilities": map[string]string{},
		"autoUpdate": "Off", "internalChannelEncryption": "NotSet", "updateDelayOffset": "PT3H", "versionStatus": "None", "latestVersion": newestVersion,
		"newerVersions": []string{newestVersion}, "selfContainedInteractiveAuthoringEnabled": false, "serviceRegion": region,
		"serviceUrls": []string{strings.ToLower(f.Name) + "." + strings.ToLower(strings.ReplaceAll(f.systems.region, " ", "")) + ".datafactory.azure.net"},
	}
	nodes := f.hostedNodes(now)
	if len(nodes) == 0 {
		return status // one without nodes has no version
	}
	online := f.hostedState(now) != runtimeOfflineState
	status["nodes"], status["capabilities"] = nodes, capabilities(online)
	status["version"], status["versionStatus"], status["autoUpdate"] = runtimeVersion, "UpToDate", "On"
	status["internalChannelEncryption"], status["localTimeZoneOffset"] = "SslEncrypted", "PT1H"
	if stockholmOffset(now) == 2*time.Hour {
		status["localTimeZoneOffset"] = "PT2H"
	}
	sunday := dayOf(now) + day((7-int(dayOf(now).weekday()))%7)
	status["scheduledUpdateDate"], status["autoUpdateETA"], status["pushedVersion"] = sunday.date(), sunday.clock(hm(13, 10)).time(), newestVersion
	return status
}

// hostedNode is one node of a self-hosted runtime (ADF REST, SelfHostedIntegrationRuntimeNode).
type hostedNode struct {
	NodeName            string            `json:"nodeName"`
	MachineName         string            `json:"machineName"`
	HostServiceURI      string            `json:"hostServiceUri"`
	Status              string            `json:"status"`
	Capabilities        map[string]string `json:"capabilities"`
	VersionStatus       string            `json:"versionStatus"`
	Version             string            `json:"version"`
	RegisterTime        time.Time         `json:"registerTime"`
	LastConnectTime     time.Time         `json:"lastConnectTime"`
	ExpiryTime          time.Time         `json:"expiryTime"`
	LastStartTime       time.Time         `json:"lastStartTime"`
	LastStopTime        *time.Time        `json:"lastStopTime,omitempty"`
	LastUpdateResult    string            `json:"lastUpdateResult"`
	LastStartUpdateTime time.Time         `json:"lastStartUpdateTime"`
	LastEndUpdateTime   time.Time         `json:"lastEndUpdateTime"`
	IsActiveDispatcher  bool              `json:"isActiveDispatcher"`
	ConcurrentJobsLimit int               `json:"concurrentJobsLimit"`
	MaxConcurrentJobs   int               `json:"maxConcurrentJobs"`
}

// The jobs that one node takes on.
const (
	jobsLimit = 28
	jobsMost  = 56
)

func (f *Factory) hostedNodes(now instant) []hostedNode {
	registered := f.published("integrationruntimes/" + f.hostedRuntime()).Add(37 * time.Minute)
	dispatcher := f.nodeFor(now)
	var all []hostedNode
	for i, n := range f.nodesAt(now) {
		lastSunday := dayOf(now) - day(dayOf(now).weekday())
		update := lastSunday.clock(hm(13, 10) + time.Duration(i)*40*time.Minute)
		if update > now.add(-28*time.Minute) {
			update = (lastSunday - 7).clock(hm(13, 10) + time.Duration(i)*40*time.Minute)
		}
		node := hostedNode{
			NodeName: fmt.Sprintf("Node_%d", i+1), MachineName: n.machine, HostServiceURI: "https://" + strings.ToLower(n.machine) + ".nordhem.example:8060/HostServiceRemote.svc/",
			Status: n.status, Capabilities: capabilities(n.status == runtimeOnline), VersionStatus: "UpToDate", Version: runtimeVersion, RegisterTime: registered,
			LastConnectTime: now.add(-time.Duration(mixAll(f.world.seed, saltRuntime, uint64(now/instant(time.Minute)), uint64(i))%uint64(50*time.Second/tick)) * tick).time(), //nolint:gosec // after 1970
			ExpiryTime:      registered.AddDate(5, 0, 0), LastStartTime: update.add(25 * time.Minute).time(), LastUpdateResult: "Succeed",
			LastStartUpdateTime: update.time(), LastEndUpdateTime: update.add(25 * time.Minute).time(),
			IsActiveDispatcher: n.machine == dispatcher, ConcurrentJobsLimit: jobsLimit, MaxConcurrentJobs: jobsMost,
		}
		if n.status != runtimeOnline {
			stopped := n.since.time()
			node.LastConnectTime, node.LastStopTime = stopped, &stopped
		}
		all = append(all, node)
	}
	return all
}

// RuntimeNode is the answer to GET of one node of a self-hosted runtime, names compared without case (ADF REST,
// Integration Runtime Nodes - Get). It is nil when there is no such node.
func (f *Factory) RuntimeNode(name, node string, t time.Time) json.RawMessage {
	if f.runtimeNamed(name) != f.hostedRuntime() {
		return nil
	}
	for _, n := range f.hostedNodes(at(t)) {
		if strings.EqualFold(n.NodeName, node) {
			return marshal(n)
		}
	}
	return nil
}

// RuntimeNodeAddress is the IP address of such a node; empty when there is no such node.
func (f *Factory) RuntimeNodeAddress(name, node string) string {
	if f.runtimeNamed(name) != f.hostedRuntime() {
		return ""
	}
	for i := range f.site.machines {
		if strings.EqualFold(fmt.Sprintf("Node_%d", i+1), node) {
			return fmt.Sprintf("10.%d.4.%d", textKey(f.Name)%200, 10+i)
		}
	}
	return ""
}
