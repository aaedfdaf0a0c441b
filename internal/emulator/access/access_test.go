package access_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"andon/internal/emulator/access"
)

const (
	alice   = "a11ce000-0000-4000-8000-000000000000"
	sub     = "/subscriptions/51111111-0000-4000-8000-000000000001"
	group   = sub + "/resourceGroups/rg-a"
	factory = group + "/providers/Microsoft.DataFactory/factories/adf-sales"
)

func all() []*access.Role {
	return append(access.BuiltIn(), access.RunMonitor("c0000000-0000-4000-8000-000000000001"), access.Inventory("c0000000-0000-4000-8000-000000000002"))
}

func role(t *testing.T, name string) *access.Role {
	t.Helper()
	for _, r := range all() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no role %s", name)
	return nil
}

// TestRolesReadAndQueryAsTheContradictionSays pins azure.md §5 [D4] [D5]: a
// reader holds the run queries only where they are registered as reads.
func TestRolesReadAndQueryAsTheContradictionSays(t *testing.T) {
	t.Parallel()
	const adf = "Microsoft.DataFactory/factories/"
	for _, tt := range []struct {
		role, action string
		want         bool
	}{
		{"Reader", adf + "read", true},
		{"Reader", adf + "querypipelineruns/read", true},
		{"Reader", adf + "querypipelineruns/action", false},
		{"Monitoring Reader", adf + "pipelineruns/queryactivityruns/read", true},
		{"Monitoring Reader", adf + "pipelineruns/queryactivityruns/action", false},
		{"Monitoring Reader", "Microsoft.Support/tickets/write", true},
		{"Data Factory Contributor", adf + "querypipelineruns/action", true},
		{"Data Factory Contributor", adf + "pipelines/createrun/action", true},
		{"Data Factory Contributor", adf + "pipelineruns/cancel/action", true},
		{"Data Factory Contributor", "Microsoft.Resources/subscriptions/read", false},
		{"Contributor", "Microsoft.Authorization/roleAssignments/write", false},
		{"Contributor", adf + "write", true},
		{"Owner", "Microsoft.Authorization/roleAssignments/write", true},
		{"ADF Run Monitor", adf + "QUERYPIPELINERUNS/Action", true},
		{"ADF Run Monitor", adf + "querytriggerruns/read", true},
		{"ADF Run Monitor", adf + "integrationruntimes/getstatus/read", true},
		{"ADF Run Monitor", adf + "pipelines/createrun/action", false},
		{"ADF Run Monitor", adf + "pipelineruns/cancel/action", false},
		{"ADF Inventory Reader", adf + "pipelineruns/read", true},
		{"ADF Inventory Reader", adf + "querypipelineruns/read", false},
		{"ADF Inventory Reader", adf + "querypipelineruns/action", false},
		{"ADF Inventory Reader", adf + "pipelineruns/queryactivityruns/read", false},
	} {
		if got := role(t, tt.role).Allows(tt.action); got != tt.want {
			t.Errorf("%s and %s: %t, want %t", tt.role, tt.action, got, tt.want)
		}
	}
}

// TestWildcardsMatchAsRegularExpressionsDo compares with a matcher of another
// make.
func TestWildcardsMatchAsRegularExpressionsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[aAb/*]{0,8}`).Draw(t, "pattern")
		action := rapid.StringMatching(`[aAb/]{0,8}`).Draw(t, "action")
		r := access.Role{Actions: []string{pattern}}
		quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
		want := regexp.MustCompile(`(?i)^` + quoted + `$`).MatchString(action)
		if got := r.Allows(action); got != want {
			t.Fatalf("%q matches %q: %t, want %t", pattern, action, got, want)
		}
	})
}

func TestNotActionsTakeFromTheirOwnRoleOnly(t *testing.T) {
	t.Parallel()
	const query = "Microsoft.DataFactory/factories/querypipelineruns/action"
	a := access.New(all()...)
	grant(t, a, "ADF Inventory Reader", group)
	if a.Allows(alice, query, factory) {
		t.Error("what NotActions take is allowed")
	}
	grant(t, a, "ADF Run Monitor", sub)
	if !a.Allows(alice, query, factory) {
		t.Error("one role's NotActions take what another one gives")
	}
}

func grant(t *testing.T, a *access.Assignments, role, scope string) {
	t.Helper()
	if err := a.Grant(access.Assignment{PrincipalID: alice, Role: role, Scope: scope}); err != nil {
		t.Fatal(err)
	}
}

func TestAScopeCoversWhatLiesInIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		outer, inner string
		want         bool
	}{
		{sub, factory, true},
		{sub + "/", factory, true},
		{group, factory, true},
		{strings.ToUpper(group), factory, true},
		{factory, factory, true},
		{factory, factory + "/pipelineruns/x", true},
		{factory, group, false},
		{group, sub + "/resourceGroups/rg-ab", false},
		{sub[:len(sub)-1], factory, false},
		{sub + "/resourceGroups/rg-b", factory, false},
	} {
		if got := access.Covers(tt.outer, tt.inner); got != tt.want {
			t.Errorf("%s covers %s: %t, want %t", tt.outer, tt.inner, got, tt.want)
		}
	}
}

// TestCoveringIsAnOrder: every scope covers itself, and covering carries over.
func TestCoveringIsAnOrder(t *testing.T) {
	t.Parallel()
	scope := rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "ab", "b"}), 1, 4).Draw(t, "segments"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := scope.Draw(t, "a"), scope.Draw(t, "b"), scope.Draw(t, "c")
		if !access.Covers(a, a) || !access.Covers(a, a+"/x") {
			t.Fatalf("%s does not cover itself and what lies in it", a)
		}
		if access.Covers(a, b) && access.Covers(b, c) && !access.Covers(a, c) {
			t.Fatalf("%s covers %s, which covers %s, and yet not that", a, b, c)
		}
		if access.Covers(a, b) && access.Covers(b, a) && !strings.EqualFold(a, b) {
			t.Fatalf("%s and %s cover each other", a, b)
		}
	})
}

func TestAManagementGroupCoversTheSubscriptionsInIt(t *testing.T) {
	t.Parallel()
	a := access.New(all()...)
	a.Place(sub, "data")
	a.Place(access.ManagementGroup("data"), "root")
	grant(t, a, "Reader", access.ManagementGroup("ROOT"))
	if !a.Allows(alice, "Microsoft.DataFactory/factories/read", factory) || !a.HasAnyIn(alice, sub) {
		t.Error("the group above the group does not cover the factory")
	}
	if a.Allows(alice, "Microsoft.DataFactory/factories/read", "/subscriptions/other") || a.HasAnyIn(alice, "/subscriptions/other") {
		t.Error("a subscription outside is covered")
	}
	a.Place(access.ManagementGroup("root"), "data") // a circle ends all the same
	if a.Allows(alice, "Microsoft.DataFactory/factories/read", "/subscriptions/other") {
		t.Error("a circle covers everything")
	}
}

// TestASubscriptionShowsForARoleBelowIt is azure.md §5 [K].
func TestASubscriptionShowsForARoleBelowIt(t *testing.T) {
	t.Parallel()
	a := access.New(all()...)
	if a.HasAnyIn(alice, sub) {
		t.Error("without a role it shows")
	}
	g := access.Assignment{PrincipalID: alice, Role: "ADF Run Monitor", Scope: factory}
	if err := a.Grant(g); err != nil {
		t.Fatal(err)
	}
	if !a.HasAnyIn(strings.ToUpper(alice), sub) || a.HasAnyIn(alice, "/subscriptions/other") {
		t.Error("the factory's subscription does not show, or another one does")
	}
	if a.Allows(alice, "Microsoft.DataFactory/factories/read", sub) {
		t.Error("a role at the factory counts at the subscription")
	}
	if held := a.Of(alice); len(held) != 1 || held[0] != g {
		t.Errorf("it holds %v", held)
	}
	g.Scope = strings.ToUpper(factory)
	if err := a.Revoke(g); err != nil || len(a.Of(alice)) != 0 || a.HasAnyIn(alice, sub) {
		t.Errorf("after revoking: %v, %v", a.Of(alice), err)
	}
}

func TestBadAssignmentsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	a := access.New(all()...)
	for want, g := range map[string]access.Assignment{
		`unknown role "King"; allowed: Owner, Contributor, Reader`:   {PrincipalID: alice, Role: "King", Scope: sub},
		`scope "/" is none that a role can be assigned at; allowed`:  {PrincipalID: alice, Role: "Reader", Scope: "/"},
		`scope "/subscriptions//" is none`:                           {PrincipalID: alice, Role: "Reader", Scope: "/subscriptions//"},
		`scope "` + factory + `/pipelines/p" is none`:                {PrincipalID: alice, Role: "Reader", Scope: factory + "/pipelines/p"},
		`the principal of the assignment of Reader is missing`:       {Role: "Reader", Scope: sub},
		`does not hold Reader at ` + sub + `; it holds: nothing`:     {PrincipalID: alice, Role: "Reader", Scope: sub},
		`does not hold Owner at ` + factory + `; it holds: nothing`:  {PrincipalID: alice, Role: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Scope: factory},
		`scope "subscriptions/x" is none that a role can be assigne`: {PrincipalID: alice, Role: "Reader", Scope: "subscriptions/x"},
	} {
		if err := a.Revoke(g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
