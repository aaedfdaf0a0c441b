package azure

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
)

const roleName = "Andon reader"

// roleActions is what Andon reads. Each run query is registered as an action
// and as a read; which of the two is checked is not documented, so the role
// holds both (Azure permissions for Analytics, Microsoft.DataFactory).
func roleActions() []string {
	return []string{
		"Microsoft.DataFactory/factories/read",
		"Microsoft.DataFactory/factories/*/read",
		"Microsoft.DataFactory/factories/querypipelineruns/action",
		"Microsoft.DataFactory/factories/querytriggerruns/action",
		"Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action",
		"Microsoft.DataFactory/factories/querytriggers/action",
		"Microsoft.DataFactory/factories/triggers/geteventsubscriptionstatus/action",
		"Microsoft.Resources/subscriptions/resourceGroups/read",
	}
}

// forbidden fills e with the missing right and the commands that give it.
func (c *Client) forbidden(q call, e *Error, said armError) {
	e.Kind = KindForbidden
	e.Action, e.Scope = q.right, scopeOf(q.place)
	switch {
	case strings.EqualFold(said.Code, "LinkedAuthorizationFailed"):
		// Its text names the right that is held first, then the missing one.
		e.Action = lastOr(actionPattern(), said.Message, e.Action)
		e.Scope = lastOr(scopePattern(), said.Message, e.Scope)
	case strings.EqualFold(said.Code, "AuthorizationFailed"):
		e.Action = firstOr(actionPattern(), said.Message, e.Action)
	default:
		e.What = "Azure forbids the request: " + statusText(e.Status, said.Code)
		e.Advice = "a policy, a lock or a network rule may stand in the way; the code says which"
		return
	}
	e.What = "the identity may not " + e.Action
	e.Advice = "somebody who may assign roles there runs the command, then wait up to five minutes"
	e.Command = grant(cmp.Or(c.cfg.ClientID, firstOr(principalPattern(), said.Message, "")), e.Scope)
}

// principalPattern finds the object id of who asked in the text of a 403: a
// managed identity and a login of the Azure CLI are known by nothing else.
func principalPattern() *regexp.Regexp {
	return regexp.MustCompile(`with object id '([0-9A-Fa-f-]{36})'`)
}

// scopeOf returns the ARM id to assign a role at.
func scopeOf(p place) string {
	switch {
	case p.factory != "":
		return string(p.factory)
	case p.subscription != "":
		return "/subscriptions/" + p.subscription
	default:
		return ""
	}
}

// grant returns the commands that define the role, once per tenant, and
// assign it. Without somebody to assign it to, and without a scope, there are
// none.
func grant(assignee, scope string) string {
	if scope == "" || assignee == "" {
		return ""
	}
	parts := strings.SplitN(strings.TrimPrefix(scope, "/"), "/", 3)
	assignable := "/" + strings.Join(parts[:min(2, len(parts))], "/")
	role, err := json.Marshal(struct {
		Name             string   `json:"Name"`
		IsCustom         bool     `json:"IsCustom"`
		Description      string   `json:"Description"`
		Actions          []string `json:"Actions"`
		AssignableScopes []string `json:"AssignableScopes"`
	}{roleName, true, "Read data factories and their run history", roleActions(), []string{assignable}})
	if err != nil {
		return "" // strings always marshal
	}
	return "az role definition create --role-definition " + shellQuote(string(role)) + "\n" +
		"az role assignment create --assignee " + shellQuote(assignee) + " --role " + shellQuote(roleName) + " --scope " + shellQuote(scope)
}

// shellQuote makes text one word for a POSIX shell: what stands in a command
// may come from an answer.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// actionPattern finds rights in the text of a 403, once its code has said
// that there are some. The letters allowed are those of ARM's operations.
func actionPattern() *regexp.Regexp {
	return regexp.MustCompile(`action(?:\(s\))? '([A-Za-z0-9.*/_-]{1,200})'`)
}

func scopePattern() *regexp.Regexp {
	return regexp.MustCompile(`scope(?:\(s\))? '(/[A-Za-z0-9.()/_ -]{1,500})'`)
}

func firstOr(pattern *regexp.Regexp, text, otherwise string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return otherwise
}

func lastOr(pattern *regexp.Regexp, text, otherwise string) string {
	if all := pattern.FindAllStringSubmatch(text, -1); len(all) > 0 {
		return all[len(all)-1][1]
	}
	return otherwise
}
