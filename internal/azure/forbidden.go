package azure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

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
		c.forbiddenByPolicy(e, said)
		return
	}
	e.What = "the identity may not " + e.Action
	e.Advice = "somebody who may assign roles there runs the command, then wait up to five minutes"
	e.Command = grant(cmp.Or(c.cfg.ClientID, firstOr(principalPattern(), said.Message, "")), e.Scope)
}

// forbiddenByPolicy fills e for a 403 that no role changes.
func (c *Client) forbiddenByPolicy(e *Error, said armError) {
	policy := policyName(said)
	e.What = "Azure forbids the request: " + statusText(e.Status, said.Code)
	e.Advice = "a policy, a lock or a network rule may stand in the way; the code says which"
	if policy != "" {
		e.What = fmt.Sprintf("the policy %q forbids the request: %s", policy, statusText(e.Status, said.Code))
		e.Advice = "the policy's owner exempts the factory or the identity from it"
	}
	// There is no code of its own for this one.
	if !regexp.MustCompile(`(?i)multi-?factor|\bMFA\b`).MatchString(said.Message + " " + policy) {
		return
	}
	if c.cfg.AzureCLI {
		e.Advice = "the login of az lacks multi-factor authentication: log in again as the commands do, or give the source a service principal"
		e.Command = "az logout\n" + azLogin(c.cfg)
		return
	}
	e.Advice = "the identity signed in without multi-factor authentication, and an application can't do otherwise: the policy's owner exempts it"
}

// policyName returns the displayName of the policy that refused a request (ARM
// errors, additionalInfo of type PolicyViolation); "" where there is none.
func policyName(said armError) string {
	var all []struct {
		Info struct {
			Definition string `json:"policyDefinitionDisplayName"`
			Assignment string `json:"policyAssignmentDisplayName"`
			Set        string `json:"policySetDefinitionDisplayName"`
		} `json:"info"`
	}
	if err := json.Unmarshal(said.AdditionalInfo, &all); err != nil {
		return "" // another form, of an error that no policy made
	}
	for _, one := range all {
		if name := cmp.Or(one.Info.Definition, one.Info.Assignment, one.Info.Set); name != "" {
			return shortName(name)
		}
	}
	return ""
}

// shortName keeps a name that others chose to one short line.
func shortName(name string) string {
	const longest = 128 // ARM's limit of a policy's displayName
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return name
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
