package azure

import (
	"regexp"
	"strings"
	"time"
)

// disabledPause is how long nothing is asked of a disabled subscription. Its
// owner needs hours or days; asking each minute changes nothing.
const disabledPause = 15 * time.Minute

// isDisabled reports whether ARM refuses everything in the subscription until
// its owner acts: it is disabled (409 ReadOnlyDisabledSubscription), its type
// may not use Azure's services (400 DisallowedOperation), or it knows no API
// any more. The last has no code of its own, so its text is read: "Api version
// 2018-06-01 is not available for your subscription".
func isDisabled(said armError) bool {
	code := strings.ToLower(said.Code)
	for _, part := range []string{"disabledsubscription", "subscriptiondisabled", "subscriptionsuspended", "subscriptionnotenabled"} {
		if strings.Contains(code, part) {
			return true
		}
	}
	return code == "disallowedoperation" || regexp.MustCompile(`(?i)api.?version .{0,80}not available for (your|the) subscription`).MatchString(said.Message)
}

// disabled fills e.
func (c *Client) disabled(q call, e *Error) {
	e.Kind = KindDisabled
	e.What = "the subscription is disabled or its type may not use Data Factory (" + statusText(e.Status, e.Code) + ")"
	e.Advice = "the subscription's owner checks its state, bills and spending limit; reading goes on by itself once it is enabled, and the history stays"
	if q.place.subscription != "" {
		e.Command = "az account show --subscription " + ShellQuote(q.place.subscription) + " --query '{name: name, state: state}' --output table"
	}
	e.RetryAt = c.now().Add(disabledPause)
}
