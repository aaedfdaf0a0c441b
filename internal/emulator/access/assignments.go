package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Assignment gives a principal a role at a scope.
type Assignment struct {
	// PrincipalID is the object id of a service principal.
	PrincipalID string `json:"principalId"`
	// Role is the name of the role.
	Role  string `json:"role"`
	Scope string `json:"scope"`
}

// Assignments are the roles of a world and who holds them where. The methods
// are safe for concurrent use.
type Assignments struct {
	mu      sync.RWMutex
	roles   []*Role
	granted []Assignment
	// parents says in which management group a subscription or a group lies,
	// by their normal scopes.
	parents map[string]string
}

// New returns no assignments of the given roles.
func New(roles ...*Role) *Assignments {
	return &Assignments{roles: roles, parents: map[string]string{}}
}

// Place puts a subscription or a management group into a management group.
// What is placed in one lies in that one alone.
func (a *Assignments) Place(scope, group string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parents[normal(scope)] = normal(ManagementGroup(group))
}

// Define adds a custom role, in place of the one of that name. The error says
// what a definition needs.
func (a *Assignments) Define(r Role) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.Name == "" || len(r.Actions) == 0 || len(r.AssignableScopes) == 0:
		return errors.New("a role needs Name, Actions and AssignableScopes")
	case slices.ContainsFunc(BuiltIn(), func(b *Role) bool { return strings.EqualFold(b.Name, r.Name) }):
		return fmt.Errorf("role %q is Azure's own; allowed: any other name", r.Name)
	}
	for _, s := range r.AssignableScopes {
		if err := checkScope(s); err != nil {
			return err
		}
	}
	r.IsCustom = true
	if old := a.role(r.Name); old != nil {
		r.ID = old.ID
		*old = r
		return nil
	}
	a.roles = append(a.roles, &r)
	return nil
}

// Grant assigns a role. Granting what is granted changes nothing. The error
// says which roles and scopes there are.
func (a *Assignments) Grant(g Assignment) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	role, err := a.check(g)
	if err != nil {
		return err
	}
	g.Role = role.Name
	if a.index(g) < 0 {
		a.granted = append(a.granted, g)
	}
	return nil
}

// Revoke takes an assignment away. The error says what the principal holds.
func (a *Assignments) Revoke(g Assignment) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	role, err := a.check(g)
	if err != nil {
		return err
	}
	i := a.index(g)
	if i < 0 {
		held := []string{}
		for _, other := range a.granted {
			if strings.EqualFold(other.PrincipalID, g.PrincipalID) {
				held = append(held, other.Role+" at "+other.Scope)
			}
		}
		return fmt.Errorf("principal %s does not hold %s at %s; it holds: %s", g.PrincipalID, role.Name, g.Scope, orNothing(held))
	}
	a.granted = slices.Delete(a.granted, i, i+1)
	return nil
}

func orNothing(texts []string) string {
	if len(texts) == 0 {
		return "nothing"
	}
	return strings.Join(texts, ", ")
}

// check finds the role that g names, by its name or its id.
func (a *Assignments) check(g Assignment) (*Role, error) {
	if g.PrincipalID == "" {
		return nil, fmt.Errorf("the principal of the assignment of %s is missing", g.Role)
	}
	role := a.role(g.Role)
	if role == nil {
		var names []string
		for _, r := range a.roles {
			names = append(names, r.Name)
		}
		return nil, fmt.Errorf("unknown role %q; allowed: %s, or their ids", g.Role, strings.Join(names, ", "))
	}
	if err := checkScope(g.Scope); err != nil {
		return nil, err
	}
	if len(role.AssignableScopes) > 0 && !slices.ContainsFunc(role.AssignableScopes, func(s string) bool { return a.covers(s, g.Scope) }) {
		return nil, fmt.Errorf("role %q can't be assigned at %s; allowed: %s, and below", role.Name, g.Scope, strings.Join(role.AssignableScopes, ", "))
	}
	return role, nil
}

func (a *Assignments) role(nameOrID string) *Role {
	for _, r := range a.roles {
		if strings.EqualFold(r.Name, nameOrID) || strings.EqualFold(r.ID, nameOrID) {
			return r
		}
	}
	return nil
}

func (a *Assignments) index(g Assignment) int {
	role := a.role(g.Role)
	return slices.IndexFunc(a.granted, func(other Assignment) bool {
		return strings.EqualFold(other.PrincipalID, g.PrincipalID) && other.Role == role.Name && normal(other.Scope) == normal(g.Scope)
	})
}

// Roles are all that can be assigned.
func (a *Assignments) Roles() []Role {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]Role, 0, len(a.roles))
	for _, r := range a.roles {
		all = append(all, *r)
	}
	return all
}

// Of lists what a principal holds.
func (a *Assignments) Of(principalID string) []Assignment {
	a.mu.RLock()
	defer a.mu.RUnlock()
	held := []Assignment{}
	for _, g := range a.granted {
		if strings.EqualFold(g.PrincipalID, principalID) {
			held = append(held, g)
		}
	}
	return held
}

// Allows reports whether one of the principal's roles allows action at scope.
// A role's NotActions take from that role only: another one may give what
// they take.
func (a *Assignments) Allows(principalID, action, scope string) bool {
	return a.holds(principalID, func(g Assignment) bool {
		return a.covers(g.Scope, scope) && a.role(g.Role).Allows(action)
	})
}

// HasAnyIn reports whether the principal holds a role at, above or below
// scope: then Azure shows it the subscription (azure.md §5).
func (a *Assignments) HasAnyIn(principalID, scope string) bool {
	return a.holds(principalID, func(g Assignment) bool {
		return a.covers(g.Scope, scope) || Covers(scope, g.Scope)
	})
}

func (a *Assignments) holds(principalID string, ok func(Assignment) bool) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.ContainsFunc(a.granted, func(g Assignment) bool {
		return strings.EqualFold(g.PrincipalID, principalID) && ok(g)
	})
}

// covers is Covers with the management groups above the subscription of inner.
func (a *Assignments) covers(outer, inner string) bool {
	if Covers(outer, inner) {
		return true
	}
	at := normal(inner)
	if seg := strings.SplitN(strings.TrimPrefix(at, "/"), "/", 3); seg[0] == "subscriptions" && len(seg) > 1 {
		at = Subscription(seg[1])
	}
	// A chain longer than the number of its links goes in a circle.
	for range len(a.parents) {
		above, ok := a.parents[at]
		if !ok {
			return false
		}
		if above == normal(outer) {
			return true
		}
		at = above
	}
	return false
}
