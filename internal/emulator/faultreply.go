package emulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"andon/internal/emulator/entra"
)

// faultReply is the answer that f puts in place of the right one.
func (a *azure) faultReply(c *call, f *fault) reply {
	var out reply
	switch {
	case f.kind.name == faultBadGateway:
		out = reply{
			status: http.StatusBadGateway,
			header: http.Header{"Content-Type": {"text/html"}},
			body:   []byte("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"),
		}
	case c.isEntra():
		e := entraFault(f.kind.name, c.at)
		out = jsonReply(e.Status, e.Document)
	default:
		out = errorReply(a.armFault(c, f))
	}
	if out.header == nil {
		out.header = http.Header{}
	}
	out.header.Del("Retry-After")
	if f.retryAfter != nil && *f.retryAfter != "" {
		out.header.Set("Retry-After", retryAfterText(*f.retryAfter, a.now()))
	}
	return out
}

// retryAfterText is the text of a rule, but for "date+30s": clients compare a
// date with real time.
func retryAfterText(text string, now time.Time) string {
	after, isDate := strings.CutPrefix(text, "date+")
	if !isDate {
		return text
	}
	d, err := time.ParseDuration(after)
	if err != nil {
		return text
	}
	return now.Add(d).UTC().Format(http.TimeFormat)
}

func (a *azure) armFault(c *call, f *fault) *armError {
	switch f.kind.name {
	case faultThrottled:
		return a.throttled(c, f.code)
	case faultUnauthorize:
		return errInvalidToken(a.world.TenantID())
	case faultChallenge:
		return errChallenge(a.world.TenantID(), a.now())
	case faultNamespace:
		return &armError{
			Status: http.StatusConflict, Code: "MissingSubscriptionRegistration",
			Message: "The subscription is not registered to use namespace 'Microsoft.DataFactory'. See https://aka.ms/rps-not-found for how to register subscriptions.",
		}
	case faultDisabled:
		return &armError{Status: http.StatusConflict, Code: "ReadOnlyDisabledSubscription", Message: fmt.Sprintf(
			"The subscription '%s' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.", c.subscription)}
	case faultDisallowed:
		return &armError{
			Status: http.StatusBadRequest, Code: "DisallowedOperation",
			Message: "The current subscription type is not permitted to perform operations on any provider namespace. Please use a different subscription.",
		}
	case faultNoVersion:
		return &armError{Status: http.StatusBadRequest, Code: "BadRequest", Message: fmt.Sprintf(
			"Api version %s is not available for your subscription.", queryValue(c.request, "api-version"))}
	case faultMFA:
		return errMFA(c.factory)
	case faultUnavailable:
		return &armError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The service is temporarily unavailable. Please retry after some time."}
	case faultTimeout:
		return &armError{
			Status: http.StatusGatewayTimeout, Code: "GatewayTimeout", FailureCause: "service",
			Message: "The gateway did not receive a response from 'Microsoft.DataFactory' within the specified time period.",
		}
	default:
		return &armError{Status: http.StatusInternalServerError, Code: "InternalServerError", IsFactory: true, Message: "Internal server error occurred."}
	}
}

// throttled is the 429 with that code; without one it is the throttle that
// such a call would meet first.
func (a *azure) throttled(c *call, code string) *armError {
	who := a.main().ObjectID
	kind := bucketOf(c.operation).kind
	if code == "" {
		code = codeSubscriptionThrottled
		if c.subscription == "" {
			code = codeTenantThrottled
		}
	}
	switch code {
	case codeTenantThrottled:
		return errTenantThrottled(kind, a.world.TenantID(), who, time.Second)
	case codeTooManyRequests:
		return &armError{Status: http.StatusTooManyRequests, Code: codeTooManyRequests, Message: "The request is being throttled as the limit has been reached. Please retry after some time."}
	case codeQueriesThrottled:
		return errQueriesThrottled(c.factory, time.Second)
	default:
		return errSubscriptionThrottled(kind, c.subscription, who, time.Second)
	}
}

// errChallenge asks for a token that was issued after now: continuous access
// evaluation (Entra ID, Claims challenges).
func errChallenge(tenant string, now time.Time) *armError {
	claims := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, now.Unix()))
	const text = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp"
	return &armError{Status: http.StatusUnauthorized, Code: "AuthenticationFailed", Message: text, Header: map[string]string{
		"WWW-Authenticate": fmt.Sprintf(`Bearer realm="", authorization_uri="https://login.microsoftonline.com/%s/oauth2/authorize", error="insufficient_claims", error_description="%s", claims="%s"`, tenant, text, claims),
	}}
}

func entraFault(kind string, at time.Time) entra.Answer {
	switch kind {
	case faultThrottled:
		return entra.Refusal(http.StatusTooManyRequests, 90055, "temporarily_unavailable", "TenantThrottlingError - There are too many incoming requests. This exception is thrown for blocked tenants.", at)
	case faultUnauthorize:
		return entra.Refusal(http.StatusUnauthorized, 7000215, "invalid_client", "Invalid client secret provided.", at)
	case faultUnavailable:
		return entra.Refusal(http.StatusServiceUnavailable, 90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", at)
	case faultTimeout:
		return entra.Refusal(http.StatusGatewayTimeout, 90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", at)
	default:
		return entra.Refusal(http.StatusInternalServerError, 50000, "server_error", "There was an error issuing a token or an issue with our sign-in service.", at)
	}
}
