package azure_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/azure"
	"andon/internal/emulator/access"
)

// TestTheRoleIsTheSameEverywhere: what the code prints, what the README shows
// and what the emulator's run monitor may are one role.
func TestTheRoleIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	want := azure.ReaderRole().Definition("/subscriptions/<subscription id>")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json\n(.*?AssignableScopes.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README shows no role")
	}
	var shown azure.RoleDefinition
	if err := json.Unmarshal(block[1], &shown); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the README's role (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sorted(want.Actions), sorted(access.RunMonitor("id").Actions)); diff != "" {
		t.Errorf("the emulator's run monitor (-want +got):\n%s", diff)
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// TestTheReadersRoleReadsOnly by the emulator's matching, and the operator's
// adds rerun and cancel and nothing else.
func TestTheReadersRoleReadsOnly(t *testing.T) {
	t.Parallel()
	const adf = "Microsoft.DataFactory/factories/"
	reader, operator := access.Role{Actions: azure.ReaderRole().Actions}, access.Role{Actions: azure.OperatorRole().Actions}
	for action, want := range map[string]string{
		"read":                                    "both",
		"integrationruntimes/getstatus/read":      "both",
		"querypipelineruns/action":                "both",
		"querypipelineruns/read":                  "both",
		"pipelines/createrun/action":              "operator",
		"pipelineruns/cancel/action":              "operator",
		"cancelpipelinerun/action":                "operator",
		"triggers/triggerruns/rerun/action":       "operator",
		"triggers/triggerruns/cancel/action":      "operator",
		"triggers/start/action":                   "none",
		"triggers/stop/action":                    "none",
		"write":                                   "none",
		"delete":                                  "none",
		"pipelines/write":                         "none",
		"integrationruntimes/listauthkeys/action": "none",
		"integrationruntimes/start/action":        "none",
	} {
		got := "none"
		switch {
		case reader.Allows(adf+action) && operator.Allows(adf+action):
			got = "both"
		case operator.Allows(adf + action):
			got = "operator"
		case reader.Allows(adf + action):
			got = "reader"
		}
		if got != want {
			t.Errorf("%s is allowed for %s, want %s", action, got, want)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	const sub, factory = "7a5fbb64-491d-4d83-b33a-98907e07f3cf", "/subscriptions/7a5fbb64-491d-4d83-b33a-98907e07f3cf/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf"
	for text, want := range map[string]string{
		sub:                           "/subscriptions/" + sub,
		"/subscriptions/" + sub + "/": "/subscriptions/" + sub,
		"subscriptions/" + sub + "/RESOURCEGROUPS/rg-data": "/subscriptions/" + sub + "/resourceGroups/rg-data",
		factory:         factory,
		sub + "/rg/adf": factory,
		"https://adf.azure.com/en/home?factory=" + strings.ReplaceAll(factory, "/", "%2F"): factory,
		"/providers/microsoft.management/managementgroups/mg-data":                         "/providers/Microsoft.Management/managementGroups/mg-data",
	} {
		s, err := azure.ParseScope(text)
		if err != nil || s.ID() != want {
			t.Errorf("%s: %q, %v; want %s", text, s.ID(), err, want)
		}
	}
	for _, text := range []string{
		"", "/", "sales", "/subscriptions/sales", "/subscriptions/" + sub + "/resourceGroups/rg'; rm -rf ~",
		"/providers/Microsoft.Management/managementGroups/..", "/providers/Microsoft.Compute/virtualMachines/vm", "s/g/f",
		"/subscriptions/" + sub + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x",
	} {
		if s, err := azure.ParseScope(text); err == nil || !strings.Contains(err.Error(), "managementGroups/{name}") {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
}
