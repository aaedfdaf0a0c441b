package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/store"
)

// child returns the nth run that pl_parent started: Azure names what invoked
// it by the GUID of an activity run, which no other run has.
func child(n int) row {
	return row{
		ID: guid(n), Pipeline: fmt.Sprintf("pl_child_%d", n%3), Status: "Succeeded", Start: hour(float64(n)), Ms: 1,
		Parent: guid(1), ParentName: "pl_parent", Activity: guid(1000 + n),
	}
}

// startedBy is a row's invokedBy; "" stands for null.
func startedBy(kind, id, name, pipeline, runID string) map[string]any {
	by := map[string]any{}
	for member, v := range map[string]string{"invokedByType": kind, "id": id, "name": name, "pipelineName": pipeline, "pipelineRunId": runID} {
		by[member] = nil
		if v != "" {
			by[member] = v
		}
	}
	return by
}

// invokers asks for runs by what started them. A name that is different for
// each run is none.
func (x suite) invokers(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	rows := []row{{ID: guid(1), Pipeline: "pl_parent", Status: "Succeeded", Start: hour(0), Ms: 1, Trigger: "tr_nightly"}}
	for n := 2; n <= 5; n++ {
		rows = append(rows, child(n))
	}
	for n, by := range []map[string]any{
		startedBy("PipelineActivity", guid(901), guid(901), "", guid(900)),        // 6: a parent without a name
		startedBy("PipelineActivity", guid(902), "exec_child", "pl_other", ""),    // 7: an activity's name
		startedBy("Manual", guid(903), guid(903), "", ""),                         // 8
		startedBy("Manual", guid(904), "Manual", "", ""),                          // 9
		startedBy("Sandbox", guid(905), guid(906), "", ""),                        // 10: a word of tomorrow
		startedBy("BlobEventsTrigger", guid(907), "tr_blob", "", ""),              // 11
		startedBy("ScheduleTrigger", guid(908), guid(909), "", ""),                // 12: a trigger may be named so
		startedBy("ScheduleTrigger", "08584614CU04", "08584614cu04", "", ""),      // 13: an id is no name
		startedBy("", guid(910), guid(910), "", ""),                               // 14: of 2018
		startedBy("pipelineactivity", guid(911), guid(911), "PL_PARENT", guid(1)), // 15
		startedBy("Sandbox", guid(912), "debug 912", "", ""),                      // 16
		startedBy("", guid(913), guid(913), "pl_parent", guid(1)),                 // 17: of 2018
		startedBy("", guid(914), "tr_old", "", ""),                                // 18
	} {
		rows = append(rows, row{ID: guid(6 + n), Pipeline: "p", Status: "Succeeded", Start: hour(float64(6 + n)), Ms: 1, Extra: map[string]any{"invokedBy": by}})
	}
	write(t, s, f, rows...)

	for _, tt := range []struct {
		invokedBy, trigger []string
		want               []int
	}{
		{invokedBy: []string{"PipelineActivity"}, want: []int{17, 15, 7, 6, 5, 4, 3, 2}},
		{invokedBy: []string{"pl_parent"}, want: []int{17, 15, 5, 4, 3, 2}},
		{invokedBy: []string{"PL_other", "tr_nightly"}, want: []int{7, 1}},
		{invokedBy: []string{guid(1002)}},
		{invokedBy: []string{"exec_child"}},
		{invokedBy: []string{"manual"}, want: []int{9, 8}},
		{invokedBy: []string{"Sandbox"}, want: []int{16, 10}},
		{invokedBy: []string{"debug 912"}},
		{invokedBy: []string{guid(909)}, want: []int{12}},
		{invokedBy: []string{"08584614CU04"}},
		{trigger: []string{"tr_nightly", "TR_BLOB", "tr_old"}, want: []int{18, 11, 1}},
		{trigger: []string{"pl_parent", "Manual", guid(1002), guid(906), guid(910), "debug 912"}},
	} {
		page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{InvokedBy: tt.invokedBy, Triggers: tt.trigger}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{}
		for _, n := range tt.want {
			want = append(want, guid(n))
		}
		if diff := cmp.Diff(want, ids(page.Runs)); diff != "" {
			t.Errorf("invoked by %v, trigger %v: -want +got\n%s", tt.invokedBy, tt.trigger, diff)
		}
	}

	page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{}, Sort: store.SortOldest})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for i := range page.Runs {
		names = append(names, page.Runs[i].StartedBy)
	}
	starters := []string{"tr_nightly", "pl_parent", "pl_parent", "pl_parent", "pl_parent", "", "pl_other", "Manual", "Manual", "", "tr_blob", guid(909), "", "", "PL_PARENT", "", "pl_parent", "tr_old"}
	if diff := cmp.Diff(starters, names); diff != "" {
		t.Errorf("started by: -want +got\n%s", diff)
	}

	got, err := s.Facets(t.Context(), store.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	facets := map[string][]store.Facet{"invokedBy": got.InvokedBy, "parent": got.Parent, "trigger": got.Trigger}
	want := map[string][]store.Facet{
		"invokedBy": {{Value: "PipelineActivity", Count: 8}, {Value: "ScheduleTrigger", Count: 3}, {Value: "Manual", Count: 2}, {Value: "Sandbox", Count: 2}, {Value: "BlobEventsTrigger", Count: 1}},
		"parent":    {{Value: "pl_parent", Count: 6}, {Value: "pl_other", Count: 1}},
		"trigger":   {{Value: guid(909), Count: 1}, {Value: "tr_blob", Count: 1}, {Value: "tr_nightly", Count: 1}, {Value: "tr_old", Count: 1}},
	}
	if diff := cmp.Diff(want, facets); diff != "" {
		t.Errorf("facets: -want +got\n%s", diff)
	}
}
