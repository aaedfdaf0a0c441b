package azure

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// armError is ARM's error envelope: {"error":{"code","message"}}, and the
// bare inner object that some gateways send.
type armError struct {
	Code           string          `json:"code"`
	Message        string          `json:"message"`
	AdditionalInfo json.RawMessage `json:"additionalInfo"` // of a policy's refusal
}

// decodeARMError reads what it can; a body that is none gives empty fields.
func decodeARMError(body []byte) armError {
	var w struct {
		armError

		Error json.RawMessage `json:"error"`
	}
	// A body that is no error envelope leaves the fields empty, which is the answer.
	if err := json.Unmarshal(body, &w); err != nil && w.Code == "" && len(w.Error) == 0 {
		return armError{}
	}
	var inner armError
	if err := json.Unmarshal(w.Error, &inner); err == nil && (inner.Code != "" || inner.Message != "") {
		return inner
	}
	return w.armError
}

// refused explains an answer other than 200, by status and code. It reads the
// text only where Azure has no code for what a person has to do.
func (c *Client) refused(q call, resp *http.Response, body []byte) *Error {
	said := decodeARMError(body)
	e := c.newError(q, KindServer, "", "", nil)
	e.Code, e.Status = said.Code, resp.StatusCode
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		c.throttled(e, resp.Header)
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout:
		e.What = "Azure answered " + statusText(resp.StatusCode, said.Code)
		e.Advice = "this passes as a rule; if it stays, look at https://azure.status.microsoft"
		e.retry, e.after = true, retryAfter(resp.Header, c.now())
		if e.after > 0 {
			e.RetryAt = c.now().Add(e.after)
		}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Kind, e.What = KindNotJSON, resp.Request.URL.Host+" wants to redirect, which Azure does not"
		e.Advice, e.Command = "a proxy's login page may stand in between: check HTTPS_PROXY and the address", lookAt(resp.Request.URL.Host)
	case len(body) > 0 && !looksLikeJSON(resp.Header, body):
		return c.notJSON(q, resp, body)
	default:
		c.clientError(q, e, said)
	}
	return e
}

// clientError fills e for a status of the 400s that is ARM's own.
func (c *Client) clientError(q call, e *Error, said armError) {
	code := strings.ToLower(said.Code)
	switch {
	case e.Status == http.StatusUnauthorized:
		c.unauthorized(q, e, code)
	case isDisabled(said):
		c.disabled(q, e)
	case e.Status == http.StatusForbidden:
		c.forbidden(q, e, said)
	case code == "missingsubscriptionregistration":
		e.Kind, e.What = KindNotRegistered, "the subscription does not use Data Factory"
		e.Command = "az provider register --namespace Microsoft.DataFactory --subscription " + ShellQuote(q.place.subscription)
	case subscriptionMissing(code):
		c.noSubscription(q, e)
	case factoryMissing(code), e.Status == http.StatusNotFound && q.child == "":
		e.Kind, e.What = KindNoFactory, "Azure knows no such "+missingThing(q, code)
		e.Advice = "check the id; if it was deleted, take it out of the configuration (its history stays)"
		if q.place.subscription != "" {
			e.Command = findFactories(q.place.subscription)
		}
	case q.child != "" && (e.Status == http.StatusNotFound || strings.HasSuffix(code, "notfound")):
		e.Kind, e.What = KindNotFound, "Data Factory does not know this "+q.child+" (any more)"
		e.Advice = "check the name"
		if q.child == childRun {
			e.Advice = "it keeps runs for 45 days; check the id"
		}
	case q.continued && e.Status == http.StatusBadRequest:
		e.Kind, e.What = KindTokenRefused, "Data Factory does not take its continuation token any more"
		e.Advice = "begin the window anew"
	default:
		e.Kind = KindBadRequest
		e.What = "Azure does not take the request: " + statusText(e.Status, said.Code)
		e.Advice = "report this as a fault of Andon, with the code"
	}
}

// subscriptionMissing reports whether code, in lower case, says that the
// subscription is not there for this identity. That does not prove that it was
// deleted: one that moved to another tenant is not there either, and its
// factories go on running (azure.md §4 gives the codes and not their causes).
func subscriptionMissing(code string) bool {
	return code == "subscriptionnotfound" || code == "invalidsubscriptionid"
}

// noSubscription fills e.
func (c *Client) noSubscription(q call, e *Error) {
	e.Kind = KindNoSubscription
	e.What = "Azure knows no such subscription for this identity (" + statusText(e.Status, e.Code) + ")"
	e.Advice = "check the id, and whether the subscription moved to another tenant: then give a source an identity of that tenant; if it was deleted, take it out of the configuration; the history stays"
	if q.place.subscription != "" {
		e.Command = "az account show --subscription " + ShellQuote(q.place.subscription) + " --query '{name: name, state: state, tenant: tenantId}' --output table"
	}
}

// factoryMissing reports whether code, in lower case, says that the factory
// or its resource group does not exist, whatever was asked below it.
func factoryMissing(code string) bool {
	switch code {
	case "resourcenotfound", "parentresourcenotfound", "resourcegroupnotfound":
		return true
	default:
		return false
	}
}

func missingThing(q call, code string) string {
	switch {
	case code == "resourcegroupnotfound":
		return "resource group"
	case q.place.factory == "":
		return "place"
	default:
		return "factory"
	}
}

func (c *Client) unauthorized(q call, e *Error, code string) {
	e.Kind = KindUnauthorized
	switch code {
	case "invalidauthenticationtokentenant":
		e.What, e.Advice = "the subscription belongs to another tenant than the identity", "give the source the tenant of the subscription"
		if q.place.subscription != "" {
			e.Command = "az account show --subscription " + ShellQuote(q.place.subscription) + " --query tenantId --output tsv"
		}
	case "invalidauthenticationtokenaudience":
		e.What, e.Advice = "the token is for another audience", "correct the audience of the cloud in the configuration"
		e.Command = "export ANDON_AUDIENCE=" + ShellQuote(Public().Audience)
	case "expiredauthenticationtoken":
		e.What, e.Advice = "Azure holds the token for expired", "set this machine's clock"
		e.Command = SetClock
		c.token.forget()
		e.retry = true
	default:
		e.What, e.Advice = "Azure does not accept the identity's token", "if it stays, check that the tenant and the cloud are the right ones"
	}
}

// throttled fills e. ARM's own code concerns the whole subscription; any other
// one comes from the factory, as TooManyPipelineRunQueryRequests does.
func (c *Client) throttled(e *Error, h http.Header) {
	wait := retryAfter(h, c.now())
	e.after = wait
	if wait <= 0 {
		wait = backoff(2) // Azure did not say
	}
	until := c.now().Add(wait)
	e.Kind, e.RetryAt, e.retry = KindThrottled, until, true
	e.What = "Azure's limit of requests is reached (" + statusText(e.Status, e.Code) + ")"
	e.Advice = "it goes on by itself after " + until.UTC().Format(time.RFC3339) + "; if it comes often, lower --budget or poll less often"
}

// retryAfter returns how long Azure wants to be left alone, 0 when it does
// not say. The forms are those of the Azure SDKs: two headers in
// milliseconds, then the standard one in seconds or as a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if ms, err := strconv.Atoi(h.Get(name)); err == nil && ms > 0 {
			return time.Duration(ms) * time.Millisecond
		}
	}
	value := h.Get("Retry-After")
	if s, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(s, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(azureTime(h, now)), 0)
	}
	return 0
}

func statusText(status int, code string) string {
	text := strconv.Itoa(status)
	if code == "" {
		return text + " " + http.StatusText(status)
	}
	return text + " " + code
}
