package emulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"andon/internal/emulator/world"
)

// Fault kinds of POST /faults.
const (
	faultThrottled   = "429"
	faultServerError = "500"
	faultBadGateway  = "502html"
	faultUnavailable = "503"
	faultUnauthorize = "401"
	faultReset       = "reset"
	faultCut         = "cut"
)

// everyCall strikes all calls, also those without a name of their own in
// callNames of the router.
const everyCall = "*"

func faultKinds() []string {
	return []string{faultThrottled, faultServerError, faultBadGateway, faultUnavailable, faultUnauthorize, faultReset, faultCut}
}

// faultRule is a body of POST /faults.
type faultRule struct {
	Call        string   `json:"call"`
	Factory     string   `json:"factory"`
	Fault       string   `json:"fault"`
	Probability *float64 `json:"probability"`
	Count       *int     `json:"count"`
	For         string   `json:"for"`
	// RetryAfter is sent as it is: seconds, a date, or nonsense. Without it a
	// 429 says 1 second; empty sends no header.
	RetryAfter *string `json:"retryAfter"`
	// Delay has a meaning for none of these faults.
	Delay string `json:"delay"`
}

// fault is a rule in force.
type fault struct {
	kind        string
	call        string
	place       *world.Factory // nil strikes every factory and what has none
	probability float64
	left        int // negative strikes without end
	until       time.Time
	retryAfter  *string
	struck      int
}

// faultState is how GET /faults shows a fault in force.
type faultState struct {
	Call        string  `json:"call"`
	Factory     *string `json:"factory"`
	Fault       string  `json:"fault"`
	Probability float64 `json:"probability"`
	// Remaining is how many strikes are left; null without end.
	Remaining *int `json:"remaining"`
	// Until is the real time the fault ends at; null without end.
	Until      *time.Time `json:"until"`
	RetryAfter *string    `json:"retryAfter"`
	Struck     int        `json:"struck"`
}

// faults strikes requests with what the control listener ordered. The earliest
// rule that fits a request strikes it.
type faults struct {
	now   func() time.Time
	calls []string

	mu     sync.Mutex
	random *rand.Rand
	rules  []*fault
}

func newFaults(seed int64, now func() time.Time, calls []string) *faults {
	return &faults{now: now, calls: calls, random: rand.New(rand.NewPCG(uint64(seed), 0x6661756c74))} //nolint:gosec // which requests fail is a matter of chance, not of secrecy
}

// add puts a checked rule in force.
func (f *faults) add(rule faultRule, places []*world.Factory) error {
	r, err := rule.check(places, f.calls, f.now())
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
	return nil
}

func (rule faultRule) check(places []*world.Factory, calls []string, now time.Time) (*fault, error) {
	out := &fault{kind: rule.Fault, call: rule.Call, probability: 1, left: -1, retryAfter: rule.RetryAfter}
	if !slices.Contains(faultKinds(), rule.Fault) {
		return nil, fmt.Errorf("unknown fault %q; allowed: %s", rule.Fault, strings.Join(faultKinds(), ", "))
	}
	if rule.Call != everyCall && !slices.Contains(calls, rule.Call) {
		return nil, fmt.Errorf("unknown call %q; allowed: %s, %s", rule.Call, everyCall, strings.Join(calls, ", "))
	}
	if rule.Factory != "" {
		place, err := findPlace(places, rule.Factory)
		if err != nil {
			return nil, err
		}
		out.place = place
	}
	if p := rule.Probability; p != nil {
		if !(*p > 0 && *p <= 1) {
			return nil, fmt.Errorf("probability %v is not one; allowed: more than 0, at most 1", *p)
		}
		out.probability = *p
	}
	if n := rule.Count; n != nil {
		if *n < 1 {
			return nil, fmt.Errorf("count %d strikes nothing; allowed: 1 and more, or none for no end", *n)
		}
		out.left = *n
	}
	if rule.For != "" {
		d, err := time.ParseDuration(rule.For)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("for %q is not a duration; allowed: such as 30s, 1m or 2h", rule.For)
		}
		out.until = now.Add(d)
	}
	if rule.Fault == faultThrottled && rule.RetryAfter == nil {
		one := "1"
		out.retryAfter = &one
	}
	return out, nil
}

// strike returns the fault that c meets, or nil, and counts it.
func (f *faults) strike(c *call) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rules) == 0 {
		return nil
	}
	now := f.now()
	for _, r := range f.rules {
		if r.isOver(now) {
			continue
		}
		if r.call != everyCall && r.call != c.call {
			continue
		}
		if r.place != nil && r.place != c.place {
			continue
		}
		if r.probability < 1 && f.random.Float64() >= r.probability {
			continue
		}
		r.struck++
		if r.left > 0 {
			r.left--
		}
		hit := *r
		return &hit
	}
	return nil
}

// isOver keeps a rule in the list after its last strike or its time, so that
// how often it struck can still be read.
func (r *fault) isOver(now time.Time) bool {
	return r.left == 0 || !r.until.IsZero() && !now.Before(r.until)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

func (f *faults) list() []faultState {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []faultState{}
	for _, r := range f.rules {
		s := faultState{Call: r.call, Fault: r.kind, Probability: r.probability, RetryAfter: r.retryAfter, Struck: r.struck}
		if r.place != nil {
			s.Factory = &r.place.Name
		}
		if r.left >= 0 {
			left := r.left
			s.Remaining = &left
		}
		if !r.until.IsZero() {
			until := r.until.UTC()
			s.Until = &until
		}
		out = append(out, s)
	}
	return out
}

// faultReply is the answer that f puts in place of the right one.
func (a *azure) faultReply(c *call, f *fault) reply {
	var out reply
	switch {
	case f.kind == faultBadGateway:
		out = reply{
			status: http.StatusBadGateway,
			header: http.Header{"Content-Type": {"text/html"}},
			body:   []byte("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"),
		}
	case c.isEntra():
		out = a.entraReply(c, entraFault(f.kind))
	default:
		out = errorReply(a.armFault(c, f.kind))
	}
	if out.header == nil {
		out.header = http.Header{}
	}
	out.header.Del("Retry-After")
	if f.retryAfter != nil && *f.retryAfter != "" {
		out.header.Set("Retry-After", *f.retryAfter)
	}
	return out
}

func (a *azure) armFault(c *call, kind string) *armError {
	switch kind {
	case faultThrottled:
		who := a.identities[0].objectID
		if c.subscription == "" {
			return errTenantThrottled(bucketOf(c.operation).kind, a.world.TenantID(), who, time.Second)
		}
		return errSubscriptionThrottled(bucketOf(c.operation).kind, c.subscription, who, time.Second)
	case faultUnauthorize:
		return errInvalidToken(a.world.TenantID())
	case faultUnavailable:
		return &armError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The service is temporarily unavailable. Please retry after some time."}
	default:
		return &armError{Status: http.StatusInternalServerError, Code: "InternalServerError", IsFactory: true, Message: "Internal server error occurred."}
	}
}

func entraFault(kind string) *entraError {
	switch kind {
	case faultThrottled:
		return &entraError{http.StatusTooManyRequests, 90055, "temporarily_unavailable", "TenantThrottlingError - There are too many incoming requests. This exception is thrown for blocked tenants."}
	case faultUnauthorize:
		return &entraError{http.StatusUnauthorized, 7000215, "invalid_client", "Invalid client secret provided."}
	case faultUnavailable:
		return &entraError{http.StatusServiceUnavailable, 90033, "temporarily_unavailable", "A transient error has occurred. Please try again."}
	default:
		return &entraError{http.StatusInternalServerError, 50000, "server_error", "There was an error issuing a token or an issue with our sign-in service."}
	}
}
