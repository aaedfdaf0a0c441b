package azure

import (
	"strings"
	"time"
)

// Kind says what went wrong, so that callers decide without reading texts.
type Kind string

// The kinds of Error.
const (
	KindConfig         Kind = "config"         // the settings can't work; nothing was asked
	KindWrongSecret    Kind = "wrongSecret"    // Entra ID refused the client secret
	KindExpiredSecret  Kind = "expiredSecret"  // the client secret has expired
	KindUnknownClient  Kind = "unknownClient"  // no such app registration in the tenant
	KindUnknownTenant  Kind = "unknownTenant"  // no such tenant
	KindBadCertificate Kind = "badCertificate" // the certificate can't be read, or Entra ID does not know it
	KindBadFederation  Kind = "badFederation"  // the federated token can't be read, or Entra ID does not trust it
	KindUnauthorized   Kind = "unauthorized"   // no token, or ARM refused it
	KindForbidden      Kind = "forbidden"      // the identity lacks a right: Action, Scope and Command are set
	KindNotFound       Kind = "notFound"       // the run, pipeline or runtime is not there (any more)
	KindNoFactory      Kind = "factoryNotFound"
	KindNoSubscription Kind = "subscriptionNotFound" // no such subscription for this identity: deleted, moved to another tenant, or a wrong id
	KindNotRegistered  Kind = "notRegistered"        // the subscription does not use Data Factory at all
	KindDisabled       Kind = "subscriptionDisabled" // the subscription may do nothing until its owner changes that: RetryAt is set
	KindThrottled      Kind = "throttled"            // a limit is reached: RetryAt is set
	KindTokenRefused   Kind = "tokenRefused"         // the continuation token is not taken: begin the window again
	KindBadRequest     Kind = "badRequest"           // the question is not understood: a fault of ours, or of a newer API
	KindServer         Kind = "server"               // Azure's own trouble, after retries
	KindTimeout        Kind = "timeout"              // no answer in time, after retries
	KindCut            Kind = "cut"                  // the answer broke off, after retries
	KindTooLarge       Kind = "tooLarge"             // the answer is larger than can be held: ask for less
	KindNotJSON        Kind = "notJSON"              // something other than Azure answered, or the answer is unreadable
	KindNoRoute        Kind = "noRoute"              // the host can't be reached or not be trusted
	KindCanceled       Kind = "canceled"             // the caller gave up: the cause is its context's error
)

// Error is what every method of Client returns when it fails. It holds
// neither secrets nor bodies.
type Error struct {
	Kind   Kind
	Code   string // Azure's own: ARM's error code, or AADSTS and a number; "" when there was none
	Status int    // HTTP status; 0 when there was no answer
	Call   string // the call that failed, such as queryPipelineRuns; "token" for Entra ID
	Where  string // what was asked, for people
	Action string // the missing right, for KindForbidden
	Scope  string // the ARM id that lacks it, for KindForbidden
	// RetryAt is when asking again makes sense; zero when Azure did not say.
	RetryAt time.Time
	What    string // what happened, half a sentence
	Advice  string // what to do next; "" where there is nothing to do
	Command string // shell commands that mend it, one a line; "" where there are none

	cause error         // safe to print, unlike the SDK's errors, which hold bodies
	retry bool          // asking again at once may help
	after time.Duration // how long Azure wants to be left alone; 0 when it did not say
}

// Error returns "what: where: next".
func (e *Error) Error() string {
	parts := []string{e.What}
	if e.Where != "" {
		parts = append(parts, e.Where)
	}
	if e.Advice != "" {
		parts = append(parts, e.Advice)
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause, nil when Azure's answer was all there was.
func (e *Error) Unwrap() error { return e.cause }
