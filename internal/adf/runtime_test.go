package adf_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"andon/internal/adf"
)

func TestDecodeIntegrationRuntime(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"id":"/x","name":"ir-ssis","type":"Microsoft.DataFactory/factories/integrationruntimes","properties":{"type":"Managed","description":"d","state":"Initial","typeProperties":{}},"etag":"e"}`)
	got, err := adf.DecodeIntegrationRuntime(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := adf.IntegrationRuntime{
		Resource:    adf.Resource{ID: new("/x"), Name: "ir-ssis", Type: adf.RuntimeManaged, ETag: "e", Properties: got.Properties, Raw: raw},
		Description: new("d"), State: "Initial",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeStatusOfASelfHostedRuntime(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"name":"shir","properties":{"dataFactoryName":"adf","state":"Limited","type":"SelfHosted","typeProperties":{
		"createTime":"2024-02-02T08:00:00Z","version":"5.50","versionStatus":"UpToDate","latestVersion":"5.51","pushedVersion":"5.52","autoUpdate":"On","autoUpdateETA":"2024-03-03T13:10:00Z",
		"nodes":[null,{"nodeName":"Node_1","machineName":"SRV01","status":"Online","capabilities":{"a":"True"},"versionStatus":"UpToDate","version":"5.50",
			"registerTime":"2018-06-14T14:51:44.9237069Z","lastConnectTime":"2018-06-14T14:52:59Z","expiryTime":"2028-01-01T00:00:00Z","lastStartTime":"2018-06-14T14:52:58Z","lastStopTime":null,
			"lastUpdateResult":"None","isActiveDispatcher":true,"concurrentJobsLimit":28,"maxConcurrentJobs":56},{"nodeName":"Node_2","status":"Upgrading"}]}}}`)
	got, err := adf.DecodeIntegrationRuntimeStatus(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := adf.IntegrationRuntimeStatus{
		Name: "shir", DataFactoryName: new("adf"), Type: adf.RuntimeSelfHosted, State: adf.RuntimeLimited, CreateTime: mustTime(t, "2024-02-02T08:00:00Z"), Version: "5.50",
		VersionStatus: "UpToDate", LatestVersion: "5.51", PushedVersion: "5.52", AutoUpdate: "On", AutoUpdateETA: mustTime(t, "2024-03-03T13:10:00Z"), TypeProperties: got.TypeProperties, Raw: raw,
		Nodes: []adf.IntegrationRuntimeNode{
			{
				Name: "Node_1", Status: adf.RuntimeOnline, MachineName: new("SRV01"), Version: "5.50", VersionStatus: "UpToDate", RegisterTime: mustTime(t, "2018-06-14T14:51:44.9237069Z"),
				LastConnectTime: mustTime(t, "2018-06-14T14:52:59Z"), ExpiryTime: mustTime(t, "2028-01-01T00:00:00Z"), LastStartTime: mustTime(t, "2018-06-14T14:52:58Z"), LastUpdateResult: "None",
				IsActiveDispatcher: new(true), ConcurrentJobsLimit: new(int64(28)), MaxConcurrentJobs: new(int64(56)), Capabilities: json.RawMessage(`{"a":"True"}`),
			},
			{Name: "Node_2", Status: "Upgrading"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNodesOfAManagedRuntimeGoByTheirID(t *testing.T) {
	t.Parallel()
	got, err := adf.DecodeIntegrationRuntimeStatus([]byte(`{"name":"ir-ssis","properties":{"state":"Started","type":"Managed","typeProperties":{"nodes":[{"nodeId":"tvmps_1","status":"Available","errors":[]}],"otherErrors":[]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]adf.IntegrationRuntimeNode{{Name: "tvmps_1", Status: "Available", Errors: json.RawMessage(`[]`)}}, got.Nodes); diff != "" || len(got.Odd) != 0 {
		t.Errorf("odd %v (-want +got):\n%s", got.Odd, diff)
	}
}

// Monitoring data has no nodes at all when none is registered, and the figures
// of bytes are no whole numbers.
func TestDecodeMonitoring(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]adf.IntegrationRuntimeMonitoring{
		`{"name":"ir"}`: {Name: "ir"},
		`{"name":"ir","nodes":[{"nodeName":"Node_1","availableMemoryInMB":16740,"cpuUtilization":15,"concurrentJobsLimit":28,"concurrentJobsRunning":0,"maxConcurrentJobs":56,"sentBytes":2.5,"receivedBytes":7}]}`: {
			Name: "ir",
			Nodes: []adf.NodeMonitoring{{
				NodeName: "Node_1", AvailableMemoryInMB: new(int64(16740)), CPUUtilization: new(int64(15)), ConcurrentJobsLimit: new(int64(28)),
				ConcurrentJobsRunning: new(int64(0)), MaxConcurrentJobs: new(int64(56)), SentBytes: new(2.5), ReceivedBytes: new(7.0),
			}},
		},
		`{"name":"ir","nodes":[{"nodeName":"n"}]}`: {Name: "ir", Nodes: []adf.NodeMonitoring{{NodeName: "n"}}},
	} {
		got, err := adf.DecodeIntegrationRuntimeMonitoring([]byte(raw))
		if err != nil || string(got.Raw) != raw {
			t.Errorf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(adf.IntegrationRuntimeMonitoring{}, "Raw")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}

func TestOddPartsOfARuntime(t *testing.T) {
	t.Parallel()
	odd := func(list []adf.FieldError) string {
		if len(list) != 1 {
			return ""
		}
		return list[0].Field
	}
	for raw, want := range map[string]string{
		`{"properties":{"state":7}}`:                                              "properties.state",
		`{"properties":"x"}`:                                                      "properties",
		`{"properties":{"typeProperties":{"nodes":{}}}}`:                          "properties.typeProperties.nodes",
		`{"properties":{"typeProperties":{"nodes":[{"status":"Online"}]}}}`:       "properties.typeProperties.nodes[0].nodeName",
		`{"properties":{"typeProperties":{"nodes":[{"nodeName":"a"},"b"]}}}`:      "properties.typeProperties.nodes[1]",
		`{"properties":{"typeProperties":{"createTime":"yesterday","nodes":[]}}}`: "properties.typeProperties.createTime",
	} {
		if s, err := adf.DecodeIntegrationRuntimeStatus([]byte(raw)); err != nil || odd(s.Odd) != want {
			t.Errorf("%s: %v, odd %v, want %s alone", raw, err, s.Odd, want)
		}
	}
	for raw, want := range map[string]string{
		`{"nodes":"none"}`:                                   "nodes",
		`{"nodes":[{"sentBytes":"much"}]}`:                   "nodes[0].sentBytes",
		`{"nodes":[{},{"cpuUtilization":{},"nodeName":""}]}`: "nodes[1].cpuUtilization",
	} {
		if m, err := adf.DecodeIntegrationRuntimeMonitoring([]byte(raw)); err != nil || odd(m.Odd) != want {
			t.Errorf("%s: %v, odd %v, want %s alone", raw, err, m.Odd, want)
		}
	}
}

func TestWhatIsNoResourceIsAnError(t *testing.T) {
	t.Parallel()
	decoders := map[string]func([]byte) error{
		"resource":   func(b []byte) error { _, err := adf.DecodeResource(b); return err },
		"pipeline":   func(b []byte) error { _, err := adf.DecodePipelineDefinition(b); return err },
		"trigger":    func(b []byte) error { _, err := adf.DecodeTrigger(b); return err },
		"runtime":    func(b []byte) error { _, err := adf.DecodeIntegrationRuntime(b); return err },
		"status":     func(b []byte) error { _, err := adf.DecodeIntegrationRuntimeStatus(b); return err },
		"monitoring": func(b []byte) error { _, err := adf.DecodeIntegrationRuntimeMonitoring(b); return err },
	}
	for kind, decode := range decoders {
		for _, raw := range []string{``, `null`, `[]`, `"x"`, `7`, `{`, `{"name":"r"`, `{"name":}`, `{"name":"r"}x`} {
			if err := decode([]byte(raw)); err == nil {
				t.Errorf("a %s from %q", kind, raw)
			}
		}
		isNamed := kind != "status" && kind != "monitoring"
		for _, raw := range []string{`{}`, `{"name":""}`, `{"name":7}`} {
			if err := decode([]byte(raw)); (err != nil) != isNamed {
				t.Errorf("a %s from %q: %v", kind, raw, err)
			}
		}
	}
}

func FuzzDecodeIntegrationRuntime(f *testing.F) {
	f.Add([]byte(`{"name":"ir","properties":{"type":"Managed","state":"Started"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if ir, err := adf.DecodeIntegrationRuntime(raw); err == nil && (!json.Valid(raw) || ir.Name == "") {
			t.Errorf("a runtime from %q: %+v", raw, ir)
		}
	})
}

func FuzzDecodeIntegrationRuntimeStatus(f *testing.F) {
	f.Add([]byte(`{"name":"ir","properties":{"state":"Online","typeProperties":{"nodes":[{"nodeName":"n","isActiveDispatcher":"true","capabilities":{}},{"nodeId":"x","errors":[]}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := adf.DecodeIntegrationRuntimeStatus(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Errorf("a status from %q: %+v", raw, s)
		}
		for _, n := range s.Nodes {
			if n.Capabilities != nil && !json.Valid(n.Capabilities) || n.Errors != nil && !json.Valid(n.Errors) {
				t.Errorf("%+v", n)
			}
		}
	})
}

func FuzzDecodeIntegrationRuntimeMonitoring(f *testing.F) {
	f.Add([]byte(`{"name":"ir","nodes":[{"nodeName":"n","cpuUtilization":1e99,"sentBytes":"NaN","receivedBytes":-0}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := adf.DecodeIntegrationRuntimeMonitoring(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Errorf("monitoring data from %q: %+v", raw, m)
		}
		for _, n := range m.Nodes {
			if n.SentBytes != nil && *n.SentBytes != *n.SentBytes {
				t.Error("a number of bytes is none")
			}
		}
	})
}
