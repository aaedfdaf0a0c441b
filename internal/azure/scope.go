package azure

import (
	"fmt"
	"regexp"
	"strings"

	"andon/internal/adf"
)

// Scope is a place at which a role can be assigned: exactly one of Factory,
// ResourceGroup with its Subscription, Subscription alone, and
// ManagementGroup (Azure RBAC, Understand scope).
type Scope struct {
	Factory         adf.FactoryID
	Subscription    string // GUID
	ResourceGroup   string
	ManagementGroup string
}

// scopeForms says what ParseScope takes.
const scopeForms = "a factory (its ARM id, the address of its page in ADF Studio or the Azure portal, or subscription/resourceGroup/name), " +
	"/subscriptions/{id}/resourceGroups/{name}, /subscriptions/{id} or the id alone, /providers/Microsoft.Management/managementGroups/{name}"

// ParseScope reads a factory, a resource group, a subscription or a management
// group. The error says what is allowed.
func ParseScope(text string) (Scope, error) {
	trimmed := strings.Trim(strings.TrimSpace(text), "/")
	parts := strings.Split(trimmed, "/")
	is := func(i int, name string) bool { return strings.EqualFold(parts[i], name) }
	switch {
	case len(parts) == 1 && isGUID(trimmed):
		return Scope{Subscription: trimmed}, nil
	case len(parts) == 2 && is(0, "subscriptions") && isGUID(parts[1]):
		return Scope{Subscription: parts[1]}, nil
	case len(parts) == 4 && is(0, "subscriptions") && is(2, "resourceGroups") && isGUID(parts[1]) && isScopeName(parts[3]):
		return Scope{Subscription: parts[1], ResourceGroup: parts[3]}, nil
	case len(parts) == 4 && is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups") && isScopeName(parts[3]):
		return Scope{ManagementGroup: parts[3]}, nil
	}
	id, err := adf.ParseFactoryID(text)
	if err != nil || !isGUID(id.Subscription()) {
		return Scope{}, fmt.Errorf("%q is not a place to give rights at: name %s", text, scopeForms)
	}
	return Scope{Factory: id, Subscription: id.Subscription(), ResourceGroup: id.ResourceGroup()}, nil
}

// isScopeName reports whether s can name a resource group or a management
// group: an id becomes part of commands that people paste.
func isScopeName(s string) bool {
	return regexp.MustCompile(`^[\p{L}\p{N}_().-]{1,90}$`).MatchString(s) && strings.Trim(s, ".") != ""
}

// ID returns the scope's ARM id.
func (s Scope) ID() string {
	switch {
	case s.Factory != "":
		return string(s.Factory)
	case s.ManagementGroup != "":
		return "/providers/Microsoft.Management/managementGroups/" + s.ManagementGroup
	case s.ResourceGroup != "":
		return "/subscriptions/" + s.Subscription + "/resourceGroups/" + s.ResourceGroup
	default:
		return "/subscriptions/" + s.Subscription
	}
}

// Assignable returns the id of the place that a role has to name in order to
// be assigned here: the subscription, or the management group. No narrower one
// is taken, since a role's name is unique in its tenant and the next factory
// may lie in another resource group.
func (s Scope) Assignable() string {
	if s.ManagementGroup != "" {
		return s.ID()
	}
	return "/subscriptions/" + s.Subscription
}

// What returns the scope for people.
func (s Scope) What() string {
	switch {
	case s.Factory != "":
		return "factory " + s.Factory.Name()
	case s.ManagementGroup != "":
		return "management group " + s.ManagementGroup
	case s.ResourceGroup != "":
		return "resource group " + s.ResourceGroup
	default:
		return "subscription " + s.Subscription
	}
}
