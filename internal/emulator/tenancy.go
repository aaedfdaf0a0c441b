package emulator

import (
	"slices"
	"strings"

	"andon/internal/emulator/access"
	"andon/internal/emulator/world"
)

// How the right of the run queries is named: see Options.QueryRight.
const (
	queryRightAction = "action"
	queryRightRead   = "read"
)

// actionReadSubscription is the one action that no role has to hold: whoever
// holds a role somewhere in a subscription sees it (azure.md §5).
const actionReadSubscription = "Microsoft.Resources/subscriptions/read"

// tenantOf is the tenant that a subscription belongs to. It is the only place
// that knows.
func tenantOf(s world.Subscription) string { return s.TenantID }

// managersOf are the tenants to which a subscription is delegated (Azure
// Lighthouse): the company's own one, where another owns the subscription.
func managersOf(w *world.World, s world.Subscription) []string {
	if home := w.TenantID(); !strings.EqualFold(tenantOf(s), home) {
		return []string{home}
	}
	return nil
}

// findSubscription finds a subscription of the world by its id.
func (a *azure) findSubscription(id string) (world.Subscription, bool) {
	all := a.world.Subscriptions()
	i := slices.IndexFunc(all, func(s world.Subscription) bool { return strings.EqualFold(s.ID, id) })
	if i < 0 {
		return world.Subscription{}, false
	}
	return all[i], true
}

// tenantOfPath is the tenant whose tokens the path asks for.
func (a *azure) tenantOfPath(r route) string {
	if s, ok := a.findSubscription(r.subscription); ok {
		return tenantOf(s)
	}
	return a.world.TenantID()
}

// accepts reports whether the subscription takes tokens of the tenant: its own
// or one that it is delegated to.
func (a *azure) accepts(s world.Subscription, tenant string) bool {
	return strings.EqualFold(tenantOf(s), tenant) ||
		slices.ContainsFunc(managersOf(a.world, s), func(m string) bool { return strings.EqualFold(m, tenant) })
}

// mayDo reports whether one of the caller's roles allows action at scope.
func (a *azure) mayDo(c *call, action, scope string) bool {
	return a.assignments.Allows(c.principal.objectID, action, scope)
}

// maySee reports whether the list of subscriptions holds s for the caller.
func (a *azure) maySee(c *call, s world.Subscription) bool {
	return a.accepts(s, c.principal.tenantID) && a.assignments.HasAnyIn(c.principal.objectID, access.Subscription(s.ID))
}

// mayList reports whether a list holds f for the caller.
func (a *azure) mayList(c *call, f *world.Factory) bool {
	s, ok := a.findSubscription(f.SubscriptionID)
	return ok && a.accepts(s, c.principal.tenantID) && a.mayDo(c, adfAction("read"), a.idOf(f))
}

// checkRight refuses a call whose action the caller's roles do not hold at the
// scope of the path.
func (a *azure) checkRight(c *call, op *operation) *armError {
	if op.action == "" {
		return nil
	}
	action, scope := a.checkedAction(op.action), a.scopeOf(c)
	if strings.EqualFold(action, actionReadSubscription) {
		if !a.assignments.HasAnyIn(c.principal.objectID, scope) {
			return errForbidden(c.principal, action, scope)
		}
		return nil
	}
	if !a.mayDo(c, action, scope) {
		return errForbidden(c.principal, action, scope)
	}
	return nil
}

// checkedAction is the right that a call is really checked for. Each run query
// is registered as an action and as a read, and Microsoft's own sources
// contradict each other about which one counts (azure.md §5).
func (a *azure) checkedAction(action string) string {
	if a.queryRight != queryRightRead {
		return action
	}
	switch strings.ToLower(strings.TrimPrefix(action, dataFactoryNamespace+"/factories/")) {
	case "querypipelineruns/action", "querytriggerruns/action", "pipelineruns/queryactivityruns/action":
		return strings.TrimSuffix(action, "/action") + "/read"
	default:
		return action
	}
}

// scopeOf is what the path names, down to a run. It may not exist: a caller
// without the right is not told.
func (a *azure) scopeOf(c *call) string {
	scope := access.Subscription(c.subscription)
	switch {
	case c.place != nil:
		scope = a.idOf(c.place)
	case c.factory != "":
		scope += "/resourceGroups/" + c.group + factoriesPath + "/" + c.factory
	case c.group != "":
		scope += "/resourceGroups/" + c.group
	}
	if c.runID != "" {
		scope += "/pipelineruns/" + c.runID
	}
	return scope
}
