package adf

import (
	"encoding/json"
	"fmt"
)

// The types of integration runtimes that Andon treats apart; the set is open.
const (
	RuntimeManaged    = "Managed"
	RuntimeSelfHosted = "SelfHosted"
)

// The states of integration runtimes (ADF REST, IntegrationRuntimeState). The
// set is open. Nodes of a self-hosted runtime may also be Upgrading,
// Initializing or InitializeFailed, those of a managed one Available,
// Recycling or Unavailable.
const (
	RuntimeOnline           = "Online"
	RuntimeOffline          = "Offline"
	RuntimeLimited          = "Limited"
	RuntimeNeedRegistration = "NeedRegistration"
	RuntimeStarted          = "Started"
	RuntimeStopped          = "Stopped"
)

// IntegrationRuntime is where activities run (ADF REST, Integration Runtimes -
// Get). Its Type is Managed, SelfHosted or any later word.
type IntegrationRuntime struct {
	Resource

	Description *string
	// State stands in the resource of a managed runtime for SSIS alone; ""
	// otherwise. IntegrationRuntimeStatus has it for all.
	State string
}

// IntegrationRuntimeStatus is the state of a runtime and of its nodes (ADF
// REST, Integration Runtimes - Get Status).
type IntegrationRuntimeStatus struct {
	Name            string  // as asked for
	DataFactoryName *string // nil in answers of 2018
	Type            string
	State           string // "" when absent

	// Of a self-hosted runtime; "" or absent otherwise.
	CreateTime     Time
	Version        string // of its nodes; "" without nodes
	VersionStatus  string // UpToDate, None …
	LatestVersion  string
	PushedVersion  string
	AutoUpdate     string // On or Off
	AutoUpdateETA  Time
	Nodes          []IntegrationRuntimeNode
	TypeProperties json.RawMessage

	Raw json.RawMessage
	Odd []FieldError
}

// IntegrationRuntimeNode is one machine of a runtime: a SelfHostedIntegrationRuntimeNode
// or a ManagedIntegrationRuntimeNode.
type IntegrationRuntimeNode struct {
	Name   string // nodeName, or nodeId of a managed one
	Status string // "" when absent

	// Of a self-hosted runtime.
	MachineName         *string
	Version             string
	VersionStatus       string
	RegisterTime        Time
	LastConnectTime     Time
	ExpiryTime          Time // of its registration
	LastStartTime       Time
	LastStopTime        Time
	LastUpdateResult    string // None, Succeed, Fail
	IsActiveDispatcher  *bool
	ConcurrentJobsLimit *int64
	MaxConcurrentJobs   *int64
	Capabilities        json.RawMessage // object of strings; nil when absent

	Errors json.RawMessage // array, of a managed one; nil when absent
}

// DecodeIntegrationRuntime reads one runtime in the manner of
// DecodePipelineDefinition.
func DecodeIntegrationRuntime(raw []byte) (IntegrationRuntime, error) {
	r, w, p, err := openResource("integration runtime", raw)
	ir := IntegrationRuntime{Resource: r, Description: p.text("description"), State: p.word("state")}
	ir.Odd = w.odd
	return ir, err
}

// DecodeIntegrationRuntimeStatus reads the answer of Get Status. The error is
// non-nil only when raw is not a JSON object.
func DecodeIntegrationRuntimeStatus(raw []byte) (IntegrationRuntimeStatus, error) {
	members, err := parseObject(raw)
	if err != nil {
		return IntegrationRuntimeStatus{Raw: raw}, fmt.Errorf("the status of an integration runtime %w", err)
	}
	w := &row{object: members}
	p := w.within("properties")
	details := p.within("typeProperties")
	s := IntegrationRuntimeStatus{
		Name: w.word("name"), DataFactoryName: p.text("dataFactoryName"), Type: p.word("type"), State: p.word("state"),
		CreateTime: details.instant("createTime"), Version: details.word("version"), VersionStatus: details.word("versionStatus"),
		LatestVersion: details.word("latestVersion"), PushedVersion: details.word("pushedVersion"), AutoUpdate: details.word("autoUpdate"),
		AutoUpdateETA: details.instant("autoUpdateETA"), TypeProperties: p.raw("typeProperties"), Raw: raw,
	}
	for _, n := range details.rows("nodes") {
		s.Nodes = append(s.Nodes, n.node())
	}
	s.Odd = w.odd
	return s, nil
}

func (r *row) node() IntegrationRuntimeNode {
	n := IntegrationRuntimeNode{
		Name: r.word("nodeName"), Status: r.word("status"), MachineName: r.text("machineName"), Version: r.word("version"),
		VersionStatus: r.word("versionStatus"), RegisterTime: r.instant("registerTime"), LastConnectTime: r.instant("lastConnectTime"),
		ExpiryTime: r.instant("expiryTime"), LastStartTime: r.instant("lastStartTime"), LastStopTime: r.instant("lastStopTime"),
		LastUpdateResult: r.word("lastUpdateResult"), IsActiveDispatcher: r.truth("isActiveDispatcher"),
		ConcurrentJobsLimit: r.whole("concurrentJobsLimit"), MaxConcurrentJobs: r.whole("maxConcurrentJobs"),
		Capabilities: r.raw("capabilities"), Errors: r.raw("errors"),
	}
	if n.Name == "" {
		n.Name = r.word("nodeId")
	}
	if n.Name == "" {
		r.isOdd("nodeName", "is missing")
	}
	return n
}

// IntegrationRuntimeMonitoring is what the nodes of a self-hosted runtime are
// doing (ADF REST, Integration Runtimes - Get Monitoring Data). Where none is
// registered, and for other types, there are no nodes.
type IntegrationRuntimeMonitoring struct {
	Name  string
	Nodes []NodeMonitoring

	Raw json.RawMessage
	Odd []FieldError
}

// NodeMonitoring is the load of one node. What is nil, ADF did not say.
type NodeMonitoring struct {
	NodeName              string
	AvailableMemoryInMB   *int64
	CPUUtilization        *int64 // percent
	ConcurrentJobsLimit   *int64 // jobs that it takes at a time
	ConcurrentJobsRunning *int64
	MaxConcurrentJobs     *int64 // what the limit may be set to
	SentBytes             *float64
	ReceivedBytes         *float64
}

// DecodeIntegrationRuntimeMonitoring reads the answer of Get Monitoring Data.
// The error is non-nil only when raw is not a JSON object.
func DecodeIntegrationRuntimeMonitoring(raw []byte) (IntegrationRuntimeMonitoring, error) {
	members, err := parseObject(raw)
	if err != nil {
		return IntegrationRuntimeMonitoring{Raw: raw}, fmt.Errorf("the monitoring data of an integration runtime %w", err)
	}
	w := &row{object: members}
	m := IntegrationRuntimeMonitoring{Name: w.word("name"), Raw: raw}
	for _, n := range w.rows("nodes") {
		m.Nodes = append(m.Nodes, NodeMonitoring{
			NodeName: n.word("nodeName"), AvailableMemoryInMB: n.whole("availableMemoryInMB"), CPUUtilization: n.whole("cpuUtilization"),
			ConcurrentJobsLimit: n.whole("concurrentJobsLimit"), ConcurrentJobsRunning: n.whole("concurrentJobsRunning"),
			MaxConcurrentJobs: n.whole("maxConcurrentJobs"), SentBytes: n.number("sentBytes"), ReceivedBytes: n.number("receivedBytes"),
		})
	}
	m.Odd = w.odd
	return m, nil
}
