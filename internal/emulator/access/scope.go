package access

import (
	"fmt"
	"strings"
)

// managementGroups is where the ids of management groups begin.
const managementGroups = "/providers/Microsoft.Management/managementGroups/"

// ManagementGroup is the scope of a management group.
func ManagementGroup(id string) string { return managementGroups + id }

// Subscription is the scope of a subscription.
func Subscription(id string) string { return "/subscriptions/" + id }

// Covers reports whether the scope outer is inner or one that inner lies in,
// as their paths say it: segment by segment and without regard to case. What
// lies in a management group no path says: see [Assignments.Place].
func Covers(outer, inner string) bool {
	outer, inner = normal(outer), normal(inner)
	return inner == outer || strings.HasPrefix(inner, outer+"/")
}

// normal is a scope in lower case and without a closing slash.
func normal(scope string) string { return strings.ToLower(strings.TrimRight(scope, "/")) }

// checkScope refuses what is not a scope that a role can be assigned at.
func checkScope(scope string) error {
	seg := strings.Split(strings.Trim(scope, "/"), "/")
	is := func(i int, name string) bool { return strings.EqualFold(seg[i], name) }
	isWhole := strings.HasPrefix(scope, "/")
	for _, s := range seg {
		isWhole = isWhole && s != ""
	}
	switch {
	case !isWhole:
	case len(seg) == 4 && is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups"),
		len(seg) == 2 && is(0, "subscriptions"),
		len(seg) == 4 && is(0, "subscriptions") && is(2, "resourceGroups"),
		len(seg) == 8 && is(0, "subscriptions") && is(2, "resourceGroups") && is(4, "providers") && is(5, "Microsoft.DataFactory") && is(6, "factories"):
		return nil
	}
	return fmt.Errorf("scope %q is none that a role can be assigned at; allowed: %s{id}, /subscriptions/{id}, /subscriptions/{id}/resourceGroups/{name}, or the id of a factory", scope, managementGroups)
}
