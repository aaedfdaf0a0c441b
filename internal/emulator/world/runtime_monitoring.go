package world

import (
	"encoding/json"
	"fmt"
	"time"
)

type runtimeMonitoring struct {
	Name  string           `json:"name"`
	Nodes []nodeMonitoring `json:"nodes,omitempty"` // no such member without nodes
}

// nodeMonitoring is what one node is doing (ADF REST, IntegrationRuntimeNodeMonitoringData).
type nodeMonitoring struct {
	NodeName              string  `json:"nodeName"`
	AvailableMemoryInMB   int     `json:"availableMemoryInMB"`
	CPUUtilization        int     `json:"cpuUtilization"` // percent
	ConcurrentJobsLimit   int     `json:"concurrentJobsLimit"`
	ConcurrentJobsRunning int     `json:"concurrentJobsRunning"`
	MaxConcurrentJobs     int     `json:"maxConcurrentJobs"`
	SentBytes             float64 `json:"sentBytes"`     // since the last time the node said so
	ReceivedBytes         float64 `json:"receivedBytes"` // likewise
}

// RuntimeMonitoring is the answer to monitoringData of the runtime with that name, compared without case, at t (ADF REST,
// Integration Runtimes - Get Monitoring Data): {"name", "nodes"}, of which only a self-hosted runtime whose nodes are
// registered has the second. A node that cannot be reached is not in it. It is nil when f has no such runtime.
func (f *Factory) RuntimeMonitoring(name string, t time.Time) json.RawMessage {
	name = f.runtimeNamed(name)
	if name == "" {
		return nil
	}
	m := runtimeMonitoring{Name: name}
	if name == f.hostedRuntime() {
		m.Nodes = f.monitoring(at(t))
	}
	return marshal(m)
}

func (f *Factory) monitoring(now instant) []nodeMonitoring {
	jobs := f.jobsOn(now)
	var all []nodeMonitoring
	for i, n := range f.nodesAt(now) {
		if n.status != runtimeOnline {
			continue
		}
		h := mixAll(f.world.seed, saltRuntime, textKey(n.machine), uint64(now/instant(10*time.Second))) //nolint:gosec // after 1970
		busy := jobs[n.machine]
		node := nodeMonitoring{
			NodeName: fmt.Sprintf("Node_%d", i+1), ConcurrentJobsLimit: jobsLimit, ConcurrentJobsRunning: busy, MaxConcurrentJobs: jobsMost,
			AvailableMemoryInMB: max(900, 24_100-busy*1350-int(h%900)), CPUUtilization: min(100, 3+busy*17+int(h>>12%9)),
			SentBytes: 2.5 + float64(h>>20%4096)/512, ReceivedBytes: 6.5 + float64(h>>32%4096)/512,
		}
		if busy > 0 {
			node.SentBytes += float64(busy) * 3_210_000.25
			node.ReceivedBytes += float64(busy) * 180_000.5
		}
		all = append(all, node)
	}
	return all
}

// jobsOn counts the activity runs in progress by the machine they run on.
func (f *Factory) jobsOn(now instant) map[string]int {
	jobs := map[string]int{}
	for _, r := range f.around(now, 6*time.Hour, 0) {
		if r.start > now || at(r.SettledAt()) <= now || !r.pipeline.hosted() {
			continue
		}
		for _, a := range r.layout() {
			if a.step.hosted && a.begin <= now && now < a.end && a.status != StatusSkipped {
				jobs[f.nodeFor(a.begin)]++
			}
		}
	}
	return jobs
}

// hosted reports whether one of the pipeline's activities runs on a self-hosted runtime.
func (p *Pipeline) hosted() bool {
	for i := range p.steps {
		for _, path := range p.steps[i].leaves() {
			if path[len(path)-1].hosted {
				return true
			}
		}
	}
	return false
}
