package azure

import (
	"cmp"
	"regexp"
	"strings"
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
