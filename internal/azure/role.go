package azure

import (
	"encoding/json"
	"slices"
	"strings"
)

// Role is a custom role of Azure: what its holders may do (Azure RBAC,
// Understand Azure role definitions).
type Role struct {
	Name        string // unique in its tenant
	Description string
	Actions     []string
}

// ReaderRole returns the least that Andon needs. Each run query is registered
// as an action and as a read; which of the two is checked is not documented,
// so the role holds both (Azure permissions for Analytics,
// Microsoft.DataFactory). Nothing in it changes anything.
func ReaderRole() Role {
	return Role{"Andon reader", "Read data factories and their run history", []string{
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

// OperatorRole returns ReaderRole with the rights to rerun and to cancel, and
// no further ones. The second right to cancel is an older name of the first
// that some factories are still checked for.
func OperatorRole() Role {
	return Role{"Andon operator", "Read data factories and their run history; rerun and cancel runs", slices.Concat(ReaderRole().Actions, []string{
		"Microsoft.DataFactory/factories/pipelines/createrun/action",
		"Microsoft.DataFactory/factories/pipelineruns/cancel/action",
		"Microsoft.DataFactory/factories/cancelpipelinerun/action",
		"Microsoft.DataFactory/factories/triggers/triggerruns/rerun/action",
		"Microsoft.DataFactory/factories/triggers/triggerruns/cancel/action",
	})}
}

// Definition returns r as az role definition create takes it. assignable are
// the ids of the places at which, and below which, the role can be assigned.
func (r Role) Definition(assignable ...string) RoleDefinition {
	return RoleDefinition{
		Name: r.Name, IsCustom: true, Description: r.Description, Actions: r.Actions,
		NotActions: []string{}, DataActions: []string{}, NotDataActions: []string{}, AssignableScopes: assignable,
	}
}

// RoleDefinition is the JSON form of a custom role that az and PowerShell
// take.
type RoleDefinition struct {
	Name             string   `json:"Name"`
	IsCustom         bool     `json:"IsCustom"`
	Description      string   `json:"Description"`
	Actions          []string `json:"Actions"`
	NotActions       []string `json:"NotActions"`
	DataActions      []string `json:"DataActions"`
	NotDataActions   []string `json:"NotDataActions"`
	AssignableScopes []string `json:"AssignableScopes"`
}

// String returns the definition's JSON on one line.
func (d RoleDefinition) String() string {
	text, err := json.Marshal(d)
	if err != nil {
		return "" // strings always marshal
	}
	return string(text)
}

// grant returns the commands that define the role, once per tenant, and
// assign it. Without somebody to assign it to, and without a scope, there are
// none.
func grant(assignee, scope string) string {
	if scope == "" || assignee == "" {
		return ""
	}
	role := ReaderRole()
	parts := strings.SplitN(strings.TrimPrefix(scope, "/"), "/", 3)
	assignable := "/" + strings.Join(parts[:min(2, len(parts))], "/")
	return "az role definition create --role-definition " + ShellQuote(role.Definition(assignable).String()) + "\n" +
		"az role assignment create --assignee " + ShellQuote(assignee) + " --role " + ShellQuote(role.Name) + " --scope " + ShellQuote(scope)
}

// GrantReader returns the commands that give the reader's role to an
// application at a scope; "" where one of the two is not known.
func GrantReader(clientID string, at Scope) string { return grant(clientID, at.ID()) }

// GrantReaderHere is GrantReader for the subscription that az is set to, which
// whoever pastes the commands knows better than Andon.
func GrantReaderHere(clientID string) string {
	if clientID == "" {
		return ""
	}
	const unknown, here = "@", `'"$(az account show --query id --output tsv)"'`
	return strings.ReplaceAll(grant(clientID, "/subscriptions/"+unknown), "/subscriptions/"+unknown, "/subscriptions/"+here)
}

// ShellQuote makes text one word for a POSIX shell: what stands in a command
// may come from an answer.
func ShellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
