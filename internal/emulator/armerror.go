package emulator

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"andon/internal/emulator/entra"
)

// armError is an error of Resource Manager or Data Factory in the envelope
// {"error":{"code","message"}}. Those of Data Factory carry a target and
// "details":null as well.
type armError struct {
	Status  int
	Code    string
	Message string
	// Target is set for Data Factory's own errors, and for those of a policy.
	Target string
	// IsFactory marks an error of Data Factory itself rather than of the
	// gateway before it.
	IsFactory bool
	// FailureCause is who failed, for an error of the gateway; empty means the
	// gateway itself.
	FailureCause string
	Header       map[string]string
	// Policy is which policy forbids the request, for an error of one.
	Policy *policyViolation
}

// policyViolation is the info of an error's additionalInfo (Resource Manager,
// common API error details).
type policyViolation struct {
	DisplayName string `json:"policyDefinitionDisplayName"`
	Assignment  string `json:"policyAssignmentId"`
}

// The codes of Azure's throttles.
const (
	codeSubscriptionThrottled = "SubscriptionRequestsThrottled"
	codeTenantThrottled       = "TenantRequestsThrottled"
	codeTooManyRequests       = "TooManyRequests"
	codeQueriesThrottled      = "TooManyPipelineRunQueryRequests"
)

func (e *armError) Error() string { return e.Code + ": " + e.Message }

func errorReply(e *armError) reply {
	var envelope struct {
		Error any `json:"error"`
	}
	header := http.Header{}
	if e.IsFactory {
		envelope.Error = struct {
			Code    string  `json:"code"`
			Message string  `json:"message"`
			Target  *string `json:"target"`
			Details any     `json:"details"`
		}{e.Code, e.Message, nilIfEmpty(e.Target), nil}
	} else {
		type info struct {
			Type string           `json:"type"`
			Info *policyViolation `json:"info"`
		}
		var additional []info
		if e.Policy != nil {
			additional = []info{{"PolicyViolation", e.Policy}}
		}
		envelope.Error = struct {
			Code           string `json:"code"`
			Target         string `json:"target,omitempty"`
			Message        string `json:"message"`
			AdditionalInfo []info `json:"additionalInfo,omitempty"`
		}{e.Code, e.Target, e.Message, additional}
		header.Set("X-Ms-Failure-Cause", cmp.Or(e.FailureCause, "gateway"))
	}
	for k, v := range e.Header {
		header.Set(k, v)
	}
	r := jsonReply(e.Status, envelope)
	r.header = header
	return r
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// The 401 family. Resource Manager says in WWW-Authenticate where to get a
// better token.

func unauthorized(tenant, code, message, description string) *armError {
	return &armError{Status: http.StatusUnauthorized, Code: code, Message: message, Header: map[string]string{
		"WWW-Authenticate": fmt.Sprintf(`Bearer authorization_uri="https://login.windows.net/%s", error="invalid_token", error_description="%s"`,
			tenant, strings.ReplaceAll(description, `"`, `'`)),
	}}
}

func errNoToken(tenant string) *armError {
	const m = "Authentication failed. The 'Authorization' header is missing."
	return unauthorized(tenant, "AuthenticationFailed", m, "The authentication failed because of missing 'Authorization' header.")
}

func errNoBearer(tenant string) *armError {
	const m = "Authentication failed. The 'Authorization' header is provided in an invalid format."
	return unauthorized(tenant, "AuthenticationFailedInvalidHeader", m, m)
}

func errInvalidToken(tenant string) *armError {
	const m = "The access token is invalid."
	return unauthorized(tenant, "InvalidAuthenticationToken", m, m)
}

func errTokenExpired(tenant string, expiry, now time.Time) *armError {
	const usTime = "1/2/2006 3:04:05 PM"
	m := fmt.Sprintf("The access token expiry UTC time '%s' is earlier than current UTC time '%s'.",
		expiry.UTC().Format(usTime), now.UTC().Format(usTime))
	return unauthorized(tenant, "ExpiredAuthenticationToken", m, m)
}

func errTokenTenant(tenant, got string) *armError {
	m := fmt.Sprintf("The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/%s' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.",
		printable(got), entra.Issuer(tenant), tenant)
	return unauthorized(tenant, "InvalidAuthenticationTokenTenant", m, m)
}

func errTokenAudience(tenant, got string) *armError {
	m := fmt.Sprintf("The access token has been obtained for wrong audience or resource '%s'. It should exactly match with one of the allowed audiences '%s'.",
		printable(got), strings.Join(armAudiences(), "','"))
	return unauthorized(tenant, "InvalidAuthenticationTokenAudience", m, m)
}

// printable keeps text of a caller's unverified token from breaking a header.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return clean[:min(len(clean), 200)]
}

// The gateway's other errors.

func errForbidden(id *identity, action, scope string) *armError {
	return &armError{Status: http.StatusForbidden, Code: "AuthorizationFailed", Message: fmt.Sprintf(
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		id.clientID, id.objectID, action, scope)}
}

// errMFA is what a policy answers that wants multi-factor authentication.
func errMFA(resource string) *armError {
	return &armError{
		Status: http.StatusForbidden, Code: "RequestDisallowedByPolicy", Target: resource,
		Message: fmt.Sprintf("Resource '%s' was disallowed by policy. Reasons: 'Users must authenticate with multi-factor authentication to create or update resources.'. "+
			"See error details for policy resource IDs.", resource),
		Policy: &policyViolation{
			DisplayName: "Require MFA to change resources",
			Assignment:  "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyAssignments/mfa",
		},
	}
}

func errNoAPIVersion() *armError {
	return &armError{
		Status: http.StatusBadRequest, Code: "MissingApiVersionParameter",
		Message: "The api-version query parameter (?api-version=) is required for all requests.",
	}
}

func errAPIVersion(got string, allowed []string) *armError {
	return &armError{Status: http.StatusBadRequest, Code: "InvalidApiVersionParameter", Message: fmt.Sprintf(
		"The api-version '%s' is invalid. The supported versions are '%s'.", got, strings.Join(allowed, ","))}
}

func errSubscriptionID(id string) *armError {
	return &armError{Status: http.StatusBadRequest, Code: "InvalidSubscriptionId", Message: fmt.Sprintf(
		"The provided subscription identifier '%s' is malformed or invalid.", id)}
}

func errSubscription(id string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "SubscriptionNotFound", Message: fmt.Sprintf(
		"The subscription '%s' could not be found.", id)}
}

func errResourceGroup(name string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "ResourceGroupNotFound", Message: fmt.Sprintf(
		"Resource group '%s' could not be found.", name)}
}

func errResource(factory, group string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "ResourceNotFound", Message: fmt.Sprintf(
		"The Resource 'Microsoft.DataFactory/factories/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", factory, group)}
}

func errNamespace(namespace string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "InvalidResourceNamespace", Message: fmt.Sprintf(
		"The resource namespace '%s' is invalid.", namespace)}
}

func errResourceType(kind, apiVersion string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "InvalidResourceType", Message: fmt.Sprintf(
		"The resource type '%s' could not be found in the namespace 'Microsoft.DataFactory' for api version '%s'.", kind, apiVersion)}
}

func errNotFound(path string) *armError {
	return &armError{Status: http.StatusNotFound, Code: "NotFound", Message: fmt.Sprintf(
		"No HTTP resource was found that matches the request path '%s'.", path)}
}

func errMethod(method string) *armError {
	return &armError{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Message: fmt.Sprintf(
		"The requested resource does not support http method '%s'.", method)}
}

func errTooLarge() *armError {
	return &armError{Status: http.StatusRequestEntityTooLarge, Code: "RequestContentTooLarge", Message: fmt.Sprintf(
		"The request content size exceeds the maximum size of '%d' bytes.", maxBodyBytes)}
}

// errNotEmulated is the emulator's own: Azure has the call, this does not.
func errNotEmulated(method, what string) *armError {
	return &armError{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: fmt.Sprintf(
		"Azure answers %s %s, but the emulator does not emulate it.", method, what)}
}

func errSubscriptionThrottled(kind, subscription, principal string, wait time.Duration) *armError {
	seconds := retrySeconds(wait)
	return &armError{Status: http.StatusTooManyRequests, Code: codeSubscriptionThrottled, Message: fmt.Sprintf(
		"Number of '%s' requests for subscription '%s' actor '%s' exceeded. Please try again after '%s' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
		kind, subscription, principal, seconds), Header: map[string]string{"Retry-After": seconds}}
}

func errTenantThrottled(kind, tenant, principal string, wait time.Duration) *armError {
	seconds := retrySeconds(wait)
	return &armError{Status: http.StatusTooManyRequests, Code: codeTenantThrottled, Message: fmt.Sprintf(
		"Number of '%s' requests for tenant '%s' actor '%s' exceeded. Please try again after '%s' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
		kind, tenant, principal, seconds), Header: map[string]string{"Retry-After": seconds}}
}

// Data Factory's errors.

func errQueriesThrottled(factory string, wait time.Duration) *armError {
	return &armError{
		Status: http.StatusTooManyRequests, Code: codeQueriesThrottled, IsFactory: true, Message: fmt.Sprintf(
			"There are substantial concurrent pipeline run query requests for factory '%s'. Please retry after some time.", factory),
		Header: map[string]string{"Retry-After": retrySeconds(wait)},
	}
}

func errBadRequest(format string, a ...any) *armError {
	return &armError{Status: http.StatusBadRequest, Code: "BadRequest", IsFactory: true, Message: fmt.Sprintf(format, a...)}
}

// retrySeconds rounds up, since a client that comes back a moment early is
// refused again.
func retrySeconds(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}
