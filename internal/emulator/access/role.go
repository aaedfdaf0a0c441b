package access

import (
	"slices"
	"strings"
)

// Role is a role definition. An action is allowed that one of Actions matches
// and none of NotActions; an asterisk in either matches any run of characters,
// slashes too, and case does not count (Azure RBAC, Understand role
// definitions).
type Role struct {
	// ID is the GUID of the definition.
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	IsCustom   bool     `json:"isCustom"`
	Actions    []string `json:"actions"`
	NotActions []string `json:"notActions"`
	// AssignableScopes are where a custom role can be assigned, and below;
	// none means everywhere, as for built-in ones.
	AssignableScopes []string `json:"assignableScopes,omitempty"`
}

// Allows reports whether the role by itself allows action.
func (r *Role) Allows(action string) bool {
	matches := func(pattern string) bool { return matchAction(pattern, action) }
	return slices.ContainsFunc(r.Actions, matches) && !slices.ContainsFunc(r.NotActions, matches)
}

// matchAction compares action with a pattern.
func matchAction(pattern, action string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	rest, ok := strings.CutPrefix(strings.ToLower(action), parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}

// BuiltIn returns Azure's own roles that matter for data factories, under
// their own ids (Azure built-in roles). None of them is made for reading a
// factory's runs: Data Factory Contributor may do everything there, and
// whether a reader may query is what Microsoft's sources contradict each other
// about (azure.md §5).
func BuiltIn() []*Role {
	return []*Role{
		{ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner", Actions: []string{"*"}},
		{ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor", Actions: []string{"*"}, NotActions: []string{
			"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
		}},
		{ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader", Actions: []string{"*/read"}},
		{ID: "43d0d8ad-25c7-4714-9337-8ba259a9fe05", Name: "Monitoring Reader", Actions: []string{
			"*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*",
		}},
		{ID: "673868aa-7521-48a0-acc6-0f60742d39f5", Name: "Data Factory Contributor", Actions: []string{
			"Microsoft.Authorization/*/read", "Microsoft.DataFactory/dataFactories/*", "Microsoft.DataFactory/factories/*",
			"Microsoft.Insights/alertRules/*", "Microsoft.ResourceHealth/availabilityStatuses/read", "Microsoft.Resources/deployments/*",
			"Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*", "Microsoft.EventGrid/eventSubscriptions/write",
		}},
	}
}

// RunMonitor returns the custom role that reads factories and their runs and
// does nothing else, under either reading of the run queries (azure.md §5).
func RunMonitor(id string) *Role {
	return &Role{ID: id, Name: "ADF Run Monitor", IsCustom: true, Actions: []string{
		"Microsoft.DataFactory/factories/read",
		"Microsoft.DataFactory/factories/*/read",
		"Microsoft.DataFactory/factories/querypipelineruns/action",
		"Microsoft.DataFactory/factories/querytriggerruns/action",
		"Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action",
		"Microsoft.DataFactory/factories/querytriggers/action",
		"Microsoft.DataFactory/factories/triggers/geteventsubscriptionstatus/action",
		"Microsoft.Resources/subscriptions/resourceGroups/read",
	}}
}

// Inventory returns a custom role that reads factories and whatever is in
// them but may not query runs, under either reading of the queries.
func Inventory(id string) *Role {
	return &Role{ID: id, Name: "ADF Inventory Reader", IsCustom: true, Actions: []string{
		"Microsoft.DataFactory/factories/read",
		"Microsoft.DataFactory/factories/*/read",
		"Microsoft.Resources/subscriptions/resourceGroups/read",
	}, NotActions: []string{
		"Microsoft.DataFactory/factories/querypipelineruns/*",
		"Microsoft.DataFactory/factories/querytriggerruns/*",
		"Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/*",
	}}
}
