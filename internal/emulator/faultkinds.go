package emulator

import (
	"slices"
	"strings"
	"time"
)

// Fault kinds of POST /faults.
const (
	faultThrottled   = "429"
	faultServerError = "500"
	faultBadGateway  = "502html"
	faultUnavailable = "503"
	faultTimeout     = "504"
	faultUnauthorize = "401"
	faultChallenge   = "cae"
	faultNamespace   = "unregistered"
	faultDisabled    = "disabled"
	faultDisallowed  = "disallowed"
	faultNoVersion   = "noVersion"
	faultMFA         = "mfa"
	faultReset       = "reset"
	faultCut         = "cut"
	faultHang        = "hang"
	faultSlow        = "slow"
	faultDrip        = "drip"
	faultSkew        = "skew"
	faultLate        = "late"
	faultMoved       = "moved"
	faultRepeated    = "repeated"
	faultTruncated   = "truncated"
	faultBadToken    = "badToken"
)

// faultKind is what a kind of fault does and to which calls.
type faultKind struct {
	name string
	what string
	// ofContent marks a fault that a handler applies to the rows of a query,
	// beside whatever else strikes the request.
	ofContent bool
	// ofARM marks one that Entra ID does not know.
	ofARM bool
	// delay is what the rule's delay is by default; zero means that the fault
	// knows none.
	delay time.Duration
	// mayBeNegative lets the delay go back in time.
	mayBeNegative bool
}

func faultKinds() []faultKind {
	return []faultKind{
		{name: faultThrottled, what: "429 with Retry-After; code chooses which of Azure's throttles"},
		{name: faultServerError, what: "500"},
		{name: faultBadGateway, what: "502 with a page of HTML"},
		{name: faultUnavailable, what: "503"},
		{name: faultTimeout, what: "504 although the call was carried out"},
		{name: faultUnauthorize, what: "401 without a challenge"},
		{name: faultChallenge, what: "401 with a claims challenge, as continuous access evaluation sends it", ofARM: true},
		{name: faultNamespace, what: "409: the subscription is not registered to use Data Factory", ofARM: true},
		{name: faultDisabled, what: "409 ReadOnlyDisabledSubscription: the subscription is disabled", ofARM: true},
		{name: faultDisallowed, what: "400 DisallowedOperation: the subscription's type may do nothing", ofARM: true},
		{name: faultNoVersion, what: "400: the API version is not available for the subscription", ofARM: true},
		{name: faultMFA, what: "403 RequestDisallowedByPolicy: a policy asks for multi-factor authentication", ofARM: true},
		{name: faultReset, what: "the connection ends without an answer"},
		{name: faultCut, what: "the answer ends in the middle"},
		{name: faultHang, what: "no answer for a minute, then the connection ends", delay: time.Minute},
		{name: faultSlow, what: "the answer comes late", delay: 5 * time.Second},
		{name: faultDrip, what: "the answer comes in small pieces", delay: 10 * time.Second},
		{name: faultSkew, what: "the Date header is wrong by delay", delay: 7 * time.Minute, mayBeNegative: true},
		{name: faultLate, what: "queries withhold rows that were last updated less than delay ago", ofContent: true, delay: 2 * time.Minute},
		{name: faultMoved, what: "a row comes on a later page than it should", ofContent: true},
		{name: faultRepeated, what: "a row comes twice", ofContent: true},
		{name: faultTruncated, what: "a page claims to be the last one although rows are left", ofContent: true},
		{name: faultBadToken, what: "a continuation token is refused", ofContent: true},
	}
}

func faultNames() []string {
	var names []string
	for _, k := range faultKinds() {
		names = append(names, k.name)
	}
	return names
}

func faultKindNamed(name string) (faultKind, bool) {
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		return faultKind{}, false
	}
	return kinds[i], true
}

// throttleCodes are the throttles that Azure answers 429 with.
func throttleCodes() []string {
	return []string{codeSubscriptionThrottled, codeTenantThrottled, codeTooManyRequests, codeQueriesThrottled}
}

func throttleCode(name string) (string, bool) {
	codes := throttleCodes()
	i := slices.IndexFunc(codes, func(c string) bool { return strings.EqualFold(c, name) })
	if i < 0 {
		return "", false
	}
	return codes[i], true
}
