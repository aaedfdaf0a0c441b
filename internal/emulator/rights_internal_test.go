package emulator

import (
	"testing"

	"andon/internal/emulator/access"
)

// TestRolesHoldTheRightsOfEveryCall: Data Factory Contributor may everything,
// ADF Run Monitor what only looks (azure.md §5 [D3]).
func TestRolesHoldTheRightsOfEveryCall(t *testing.T) {
	t.Parallel()
	var contributor *access.Role
	for _, r := range access.BuiltIn() {
		if r.Name == "Data Factory Contributor" {
			contributor = r
		}
	}
	monitor := access.RunMonitor("role")
	// A query of the state of an event subscription counts as a write and
	// changes nothing; the address of a node is more than monitoring asks for.
	odd := map[string]bool{"eventSubscriptionStatus": true, "integrationRuntimeNodeAddress": false}
	for _, op := range operations() {
		if op.action == "" || op.action == actionReadSubscription {
			continue
		}
		if !contributor.Allows(op.action) {
			t.Errorf("%s: Data Factory Contributor does not hold %s", op.call, op.action)
		}
		want, isOdd := odd[op.call]
		if !isOdd {
			want = !op.isWrite
		}
		if got := monitor.Allows(op.action); got != want {
			t.Errorf("%s: ADF Run Monitor holds %s: %t, want %t", op.call, op.action, got, want)
		}
	}
}

// TestOnlyTheThreeRunQueriesHaveTwoReadings is azure.md §5 [D3].
func TestOnlyTheThreeRunQueriesHaveTwoReadings(t *testing.T) {
	t.Parallel()
	a := &azure{queryRight: queryRightRead}
	changed := map[string]string{}
	for _, op := range operations() {
		if got := a.checkedAction(op.action); got != op.action {
			changed[op.call] = got
		}
		if got := (&azure{queryRight: queryRightAction}).checkedAction(op.action); got != op.action {
			t.Errorf("%s: checked for %s, want %s", op.call, got, op.action)
		}
	}
	want := map[string]string{
		"queryPipelineRuns": adfAction("querypipelineruns/read"),
		"queryTriggerRuns":  adfAction("querytriggerruns/read"),
		"queryActivityRuns": adfAction("pipelineruns/queryactivityruns/read"),
	}
	for call, action := range want {
		if changed[call] != action {
			t.Errorf("%s is checked for %q, want %s", call, changed[call], action)
		}
	}
	if len(changed) != len(want) {
		t.Errorf("changed are %v", changed)
	}
}
