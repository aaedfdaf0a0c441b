package world_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

// definedActivity is what a client reads of an activity's definition.
type definedActivity struct {
	Name      string
	Type      string
	DependsOn []struct {
		Activity             string
		DependencyConditions []string
	}
	Policy *struct {
		Timeout                   string
		Retry                     *int
		RetryIntervalInSeconds    int
		SecureInput, SecureOutput bool
	}
	LinkedServiceName *named
	Inputs, Outputs   []named
	TypeProperties    struct {
		Activities, IfTrueActivities, IfFalseActivities, DefaultActivities []definedActivity
		Cases                                                              []struct {
			Value      string
			Activities []definedActivity
		}
		Pipeline, Dataset, IntegrationRuntime, ConnectVia, ResourceLinkedService *named
	}
}

type named struct{ ReferenceName, Type string }

// definedPipeline is what a client reads of a pipeline's definition.
type definedPipeline struct {
	Activities      []definedActivity
	Parameters      map[string]any
	Variables       map[string]any
	LastPublishTime time.Time
}

// placed is an activity and where it stands.
type placed struct {
	definedActivity

	container string // name of the activity around it
	branch    string // of an If or a Switch
}

func parse[T any](tb testing.TB, raw []byte) T {
	tb.Helper()
	return parseFor[T](tb, raw)
}

// parseFor is parse for property tests.
func parseFor[T any](tb rapid.TB, raw []byte) T {
	tb.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
	return v
}

// nesting finds all activities of a definition by their names.
func nesting(tb testing.TB, d definedPipeline) map[string]placed {
	tb.Helper()
	found := map[string]placed{}
	var walk func(activities []definedActivity, container, branch string)
	walk = func(activities []definedActivity, container, branch string) {
		for _, a := range activities {
			if _, twice := found[a.Name]; twice {
				tb.Errorf("two activities are called %s", a.Name)
			}
			found[a.Name] = placed{definedActivity: a, container: container, branch: branch}
			walk(a.TypeProperties.Activities, a.Name, "")
			walk(a.TypeProperties.IfTrueActivities, a.Name, "true")
			walk(a.TypeProperties.IfFalseActivities, a.Name, "false")
			walk(a.TypeProperties.DefaultActivities, a.Name, "default")
			for _, c := range a.TypeProperties.Cases {
				walk(c.Activities, a.Name, "case "+c.Value)
			}
		}
	}
	walk(d.Activities, "", "")
	return found
}

// definitions are the activities of all pipelines of f, by the pipelines' names.
func definitions(tb testing.TB, f *world.Factory) map[string]map[string]placed {
	tb.Helper()
	all := map[string]map[string]placed{}
	for _, r := range f.PipelineResources() {
		all[r.Name] = nesting(tb, parse[definedPipeline](tb, r.Properties))
	}
	return all
}

// azure.md §2.2 [S]: activity rows carry no parent; which container an activity stands in is said by the definition alone.
func TestEveryActivityRowIsInItsPipelinesDefinition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 12_000)
	types, depth := map[string]bool{}, 0
	for _, f := range w.Factories() {
		defined := definitions(t, f)
		for _, r := range w.Runs(f) {
			rows := r.Activities(worldStart())
			ran := map[string]bool{}
			for i := range rows {
				ran[rows[i].ActivityName] = true
			}
			for i := range rows {
				a, ok := defined[r.PipelineName()][rows[i].ActivityName]
				if !ok || a.Type != rows[i].ActivityType {
					t.Fatalf("%s of %s is a %s; its definition says %q", rows[i].ActivityName, r.PipelineName(), rows[i].ActivityType, a.Type)
				}
				types[a.Type] = true
				if a.container == "" {
					continue
				}
				if !ran[a.container] {
					t.Fatalf("run %s: %s ran, and %s around it did not", r.RunID(), a.Name, a.container)
				}
				if defined[r.PipelineName()][a.container].container != "" {
					depth++
				}
			}
		}
	}
	if len(types) < 25 {
		t.Errorf("activities of %d types ran, want 25: %v", len(types), types)
	}
	if depth < 100 {
		t.Errorf("%d activities ran two containers deep, want at least 100", depth)
	}
}

// azure.md §2.2 [I]: all rows of one round of a loop have one iteration hash. In such a round, and outside of loops in
// the whole run, an If or a Switch takes one branch.
func TestAnIfOrASwitchTakesOneBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 6_000)
	branches := map[string]bool{}
	for _, f := range w.Factories() {
		defined := definitions(t, f)
		for _, r := range w.Runs(f) {
			taken := map[string]string{}
			for _, row := range r.Activities(worldStart()) {
				a := defined[r.PipelineName()][row.ActivityName]
				if a.branch == "" {
					continue
				}
				key := a.container + row.IterationHash
				if before := taken[key]; before != "" && before != a.branch {
					t.Fatalf("run %s: %s took %s and %s", r.RunID(), a.container, before, a.branch)
				}
				taken[key] = a.branch
				branches[f.Name+r.PipelineName()+a.container+a.branch] = true
			}
		}
	}
	if len(branches) < 10 {
		t.Errorf("%d branches were taken, want at least 10: %v", len(branches), branches)
	}
}

func TestASwitchOverTheItemTakesTheItemsCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 6_000)
	seen := map[string]int{}
	for _, r := range w.Runs(w.Factories()[0]) {
		if r.PipelineName() != "pl_load_pos_receipts" {
			continue
		}
		items := map[string]any{} // by iteration hash
		rows := r.Activities(worldStart())
		for i := range rows {
			if rows[i].ActivityType == "Switch" {
				items[rows[i].IterationHash] = rows[i].Input["on"]
			}
		}
		for i := range rows {
			switch rows[i].ActivityName {
			case "cp_receipts_north", "app_north":
				seen["north"]++
				if items[rows[i].IterationHash] != "north" {
					t.Fatalf("run %s: %s ran for %v", r.RunID(), rows[i].ActivityName, items[rows[i].IterationHash])
				}
			case "cp_receipts":
				seen["default"]++
				if items[rows[i].IterationHash] == "north" {
					t.Fatalf("run %s: the default ran for north", r.RunID())
				}
			}
		}
	}
	if seen["north"] == 0 || seen["default"] == 0 {
		t.Errorf("seen: %v", seen)
	}
}

// azure.md §2.2 [K]: each retry is a row of its own.
func TestAttemptsKeepToTheRetryPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 6_000)
	retried := 0
	for _, f := range w.Factories() {
		defined := definitions(t, f)
		for _, r := range w.Runs(f) {
			var before world.ActivityState
			for _, row := range r.Activities(worldStart()) {
				if row.RetryAttempt != nil {
					retried++
					policy := defined[r.PipelineName()][row.ActivityName].Policy
					if policy == nil || *row.RetryAttempt > *policy.Retry {
						t.Fatalf("run %s: %s is tried a %d. time, its policy %+v", r.RunID(), row.ActivityName, *row.RetryAttempt+1, policy)
					}
					pause := row.ActivityRunStart.Sub(*before.ActivityRunEnd)
					if before.ActivityName != row.ActivityName || before.Status != world.StatusFailed || pause < time.Duration(policy.RetryIntervalInSeconds)*time.Second {
						t.Fatalf("run %s: %s is tried again %v after %s", r.RunID(), row.ActivityName, pause, before.ActivityName)
					}
				}
				before = row
			}
		}
	}
	if retried < 20 {
		t.Errorf("%d retries, want at least 20", retried)
	}
}

// azure.md §2.6 [S]: a policy belongs to the activities that run on an integration runtime.
func TestPoliciesAreThoseOfExecutionActivities(t *testing.T) {
	t.Parallel()
	control := []string{"ForEach", "Until", "IfCondition", "Switch", "Wait", "Fail", "Filter", "Validation", "AppendVariable", "ExecutePipeline", "SetVariable", "WebHook"}
	w := newWorld(t, 1, 1)
	for _, f := range w.Factories() {
		for pipeline, activities := range definitions(t, f) {
			for name, a := range activities {
				timed := a.Policy != nil && a.Policy.Timeout != "" && a.Policy.Retry != nil && a.Policy.RetryIntervalInSeconds >= 30
				if timed == slices.Contains(control, a.Type) {
					t.Errorf("%s/%s (%s): policy %+v", pipeline, name, a.Type, a.Policy)
				}
			}
		}
	}
}

// azure.md §2.2 [S]: input and output are hidden when the policy has secureInput and secureOutput.
func TestASecureActivityHidesInputAndOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 6_000)
	hidden := 0
	for _, f := range w.Factories() {
		defined := definitions(t, f)
		for _, r := range w.Runs(f) {
			for _, row := range r.Activities(worldStart()) {
				p := defined[r.PipelineName()][row.ActivityName].Policy
				if p == nil || !p.SecureInput {
					continue
				}
				hidden++
				if len(row.Input) > 0 || len(row.Output) > 0 || !p.SecureOutput {
					t.Fatalf("run %s: %s shows %v, %v", r.RunID(), row.ActivityName, row.Input, row.Output)
				}
			}
		}
	}
	if hidden == 0 {
		t.Error("no activity is secure")
	}
}

func TestDefinitionsNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 1)
	for _, f := range w.Factories() {
		there := map[string]bool{}
		for kind, resources := range map[string][]world.Resource{
			"PipelineReference": f.PipelineResources(), "DatasetReference": f.DatasetResources(), "LinkedServiceReference": f.LinkedServiceResources(),
			"IntegrationRuntimeReference": f.RuntimeResources(worldStart()), "TriggerReference": f.TriggerResources(),
		} {
			for _, r := range resources {
				there[kind+" "+r.Name] = true
			}
		}
		unchecked := []string{"DataFlowReference", "NotebookReference", "BigDataPoolReference", "ManagedVirtualNetworkReference"}
		for _, resources := range [][]world.Resource{f.PipelineResources(), f.DatasetResources(), f.LinkedServiceResources(), f.RuntimeResources(worldStart()), f.TriggerResources()} {
			for _, r := range resources {
				for _, ref := range references(parse[any](t, r.Properties)) {
					if kind, _, _ := strings.Cut(ref, " "); !there[ref] && !slices.Contains(unchecked, kind) {
						t.Errorf("%s/%s names the %s, which is not there", f.Name, r.Name, ref)
					}
				}
			}
		}
		for pipeline, activities := range definitions(t, f) {
			for name, a := range activities {
				for _, d := range a.DependsOn {
					if activities[d.Activity].container != a.container || activities[d.Activity].Name == "" || len(d.DependencyConditions) != 1 {
						t.Errorf("%s: %s depends on %+v", pipeline, name, d)
					}
				}
			}
		}
	}
}

// references are all reference objects in v, as "type name".
func references(v any) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["referenceName"].(string); ok {
			all = append(all, fmt.Sprint(v["type"], " ", name))
		}
		for _, member := range v {
			all = append(all, references(member)...)
		}
	case []any:
		for _, element := range v {
			all = append(all, references(element)...)
		}
	}
	return all
}

// azure.md §2.6 [R]: pipelines carry lastPublishTime, children of a factory an etag.
func TestOnePipelineOfEachFactoryChangedDuringTheHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	begin := worldStart().Add(-44 * 24 * time.Hour)
	for _, f := range w.Factories() {
		changed := 0
		for _, r := range f.PipelineResources() {
			published := parse[definedPipeline](t, r.Properties).LastPublishTime
			if published.Before(f.CreateTime.Add(-time.Second)) || published.After(worldStart()) {
				t.Errorf("%s was published at %v", r.Name, published)
			}
			if published.After(begin) {
				changed++
			}
			if want := fmt.Sprintf("-%08x0000", published.Unix()); !strings.HasSuffix(r.ETag, want) {
				t.Errorf("%s: ETag %s, published at %x", r.Name, r.ETag, published.Unix())
			}
			if r.ID != f.ID()+"/pipelines/"+r.Name || r.Type != "Microsoft.DataFactory/factories/pipelines" {
				t.Errorf("%s: id %s, type %s", r.Name, r.ID, r.Type)
			}
		}
		if changed != 1 {
			t.Errorf("%s: %d pipelines changed during the history, want 1", f.Name, changed)
		}
	}
}

func TestSecretsOfLinkedServicesAreMasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 1)
	masked := 0
	var check func(name string, v any)
	check = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["type"] == "SecureString" {
				masked++
				if v["value"] != "**********" {
					t.Errorf("%s shows the secret %v", name, v["value"])
				}
			}
			for _, member := range v {
				check(name, member)
			}
		case []any:
			for _, element := range v {
				check(name, element)
			}
		}
	}
	for _, f := range w.Factories() {
		for _, r := range append(f.LinkedServiceResources(), f.RuntimeResources(worldStart())...) {
			check(r.Name, parse[any](t, r.Properties))
		}
	}
	if masked < 5 {
		t.Errorf("%d secrets, want at least 5", masked)
	}
}

// azure.md §2.6 [S]: parameters are declared with a type and a default; §2.1 [S]: a run has them all as strings.
func TestParametersAreDeclaredWithTheirTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	types := map[string]int{}
	for _, f := range w.Factories() {
		for _, r := range f.PipelineResources() {
			for name, spec := range parse[definedPipeline](t, r.Properties).Parameters {
				declared, _ := spec.(map[string]any)
				kind, _ := declared["type"].(string)
				types[kind]++
				value, has := declared["defaultValue"]
				if !has {
					continue
				}
				want := map[string]string{"string": "String or securestring", "float64": "Int or Float", "bool": "Bool", "map[string]interface {}": "Object", "[]interface {}": "Array"}[fmt.Sprintf("%T", value)]
				if !strings.Contains(want, kind) {
					t.Errorf("%s: %s is declared %s and defaults to %v", r.Name, name, kind, value)
				}
			}
		}
	}
	for _, kind := range []string{"String", "Int", "Float", "Bool", "Object", "Array", "securestring"} {
		if types[kind] == 0 {
			t.Errorf("no parameter is a %s (%v)", kind, types)
		}
	}
}

// azure.md §14: the parent's activity run shows what is a SecureString to the child; the child's own run masks it here.
func TestASecureStringIsPlainWhereItIsHandedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6, 20_000)
	plain, masked := 0, 0
	for _, r := range allRuns(w) {
		if r.PipelineName() == "pl_ap_invoices" {
			masked++
			if p := string(r.Parameters()); !strings.Contains(p, `"archivePin":"**********"`) {
				t.Fatalf("run %s: %s", r.RunID(), p)
			}
		}
		if r.PipelineName() != "pl_finance_nightly" {
			continue
		}
		for _, a := range r.Activities(worldStart()) {
			raw, err := json.Marshal(a.Input)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), `"archivePin":"willow-4711"`) && strings.Contains(string(raw), `"referenceName":"pl_ap_invoices"`) {
				plain++
			}
		}
	}
	if plain < 20 || masked < 20 {
		t.Errorf("%d activities show the value, %d runs mask it", plain, masked)
	}
}

func TestAPipelineMadeByStartRunHasADefinition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	f := w.Factories()[0]
	r, err := w.StartRun(f, "pl_of_a_test", world.StatusSucceeded, "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	defined := definitions(t, f)["pl_of_a_test"]
	rows := r.Activities(r.SettledAt())
	for i := range rows {
		if defined[rows[i].ActivityName].Type != rows[i].ActivityType {
			t.Errorf("%s is not in the definition %v", rows[i].ActivityName, defined)
		}
	}
	if len(rows) == 0 {
		t.Error("it did nothing")
	}
}
