package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"andon/internal/emulator/world"
)

// everyCall strikes all calls, also those without a name of their own in
// callNames of the router.
const everyCall = "*"

// faultRule is a body of POST /faults.
type faultRule struct {
	Call    string `json:"call"`
	Factory string `json:"factory"`
	// Identity is the client id of the caller that is struck.
	Identity    string   `json:"identity"`
	Fault       string   `json:"fault"`
	Probability *float64 `json:"probability"`
	Count       *int     `json:"count"`
	For         string   `json:"for"`
	// RetryAfter is sent as it is: seconds, a date, or nonsense; "date+30s" is
	// the date in 30 seconds. Without it a 429 says 1 second; empty sends no
	// header.
	RetryAfter *string `json:"retryAfter"`
	// Delay has a meaning for the faults that have one by default.
	Delay string `json:"delay"`
	// Code is which throttle a 429 is.
	Code string `json:"code"`
}

const faultMembers = "call, factory, identity, fault, probability, count, for, retryAfter, delay, code"

// fault is a rule in force.
type fault struct {
	kind        faultKind
	call        string
	place       *world.Factory // nil strikes every factory and what has none
	identity    string         // empty strikes every caller
	probability float64
	left        int // negative strikes without end
	until       time.Time
	retryAfter  *string
	delay       time.Duration
	code        string
	struck      int
}

// faultState is how GET /faults shows a fault in force.
type faultState struct {
	Call        string  `json:"call"`
	Factory     *string `json:"factory"`
	Identity    *string `json:"identity"`
	Fault       string  `json:"fault"`
	Probability float64 `json:"probability"`
	// Remaining is how many strikes are left; null without end.
	Remaining *int `json:"remaining"`
	// Until is the real time the fault ends at; null without end.
	Until      *time.Time `json:"until"`
	RetryAfter *string    `json:"retryAfter"`
	// Delay is null for a fault that has none.
	Delay  *string `json:"delay"`
	Code   *string `json:"code"`
	Struck int     `json:"struck"`
}

// faults strikes requests with what the control listener ordered. The earliest
// rule that fits a request strikes it; rules about the content of a query come
// on top.
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
	kind, ok := faultKindNamed(rule.Fault)
	if !ok {
		return nil, fmt.Errorf("unknown fault %q; allowed: %s", rule.Fault, strings.Join(faultNames(), ", "))
	}
	out := &fault{kind: kind, call: rule.Call, identity: rule.Identity, probability: 1, left: -1, retryAfter: rule.RetryAfter}
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
	if err := rule.checkHowOften(out, now); err != nil {
		return nil, err
	}
	if err := rule.checkKind(out); err != nil {
		return nil, err
	}
	return out, nil
}

func (rule faultRule) checkHowOften(out *fault, now time.Time) error {
	if p := rule.Probability; p != nil {
		if !(*p > 0 && *p <= 1) {
			return fmt.Errorf("probability %v is not one; allowed: more than 0, at most 1", *p)
		}
		out.probability = *p
	}
	if n := rule.Count; n != nil {
		if *n < 1 {
			return fmt.Errorf("count %d strikes nothing; allowed: 1 and more, or none for no end", *n)
		}
		out.left = *n
	}
	if rule.For != "" {
		d, err := time.ParseDuration(rule.For)
		if err != nil || d <= 0 {
			return fmt.Errorf("for %q is not a duration; allowed: such as 30s, 1m or 2h", rule.For)
		}
		out.until = now.Add(d)
	}
	return nil
}

// checkKind looks at the members that only some faults know; the others pass
// over them.
func (rule faultRule) checkKind(out *fault) error {
	if out.kind.name == faultThrottled {
		if rule.RetryAfter == nil {
			one := "1"
			out.retryAfter = &one
		}
		if rule.Code != "" {
			code, ok := throttleCode(rule.Code)
			if !ok {
				return fmt.Errorf("unknown code %q of a 429; allowed: %s", rule.Code, strings.Join(throttleCodes(), ", "))
			}
			out.code = code
		}
	}
	if out.kind.delay == 0 {
		return nil
	}
	out.delay = out.kind.delay
	if rule.Delay != "" {
		d, err := time.ParseDuration(rule.Delay)
		if err != nil || d == 0 || d < 0 && !out.kind.mayBeNegative {
			return fmt.Errorf("delay %q is not a duration; allowed: such as 30s, 1m or 2h", rule.Delay)
		}
		out.delay = d
	}
	return nil
}

// strike returns the fault that c meets, or nil, and counts it.
func (f *faults) strike(c *call) *fault {
	return f.first(c, func(r *fault) bool { return !r.kind.ofContent && (!r.kind.ofARM || !c.isEntra()) })
}

// strikeContent returns the fault of that kind which the query c meets, or
// nil, and counts it. Handlers ask where the kind can have an effect, so that
// what is counted happened.
func (f *faults) strikeContent(c *call, kind string) *fault {
	return f.first(c, func(r *fault) bool { return r.kind.name == kind })
}

func (f *faults) first(c *call, fits func(*fault) bool) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rules) == 0 {
		return nil
	}
	now := f.now()
	for _, r := range f.rules {
		switch {
		case !fits(r), r.isOver(now):
		case r.call != everyCall && r.call != c.call:
		case r.place != nil && r.place != c.place:
		case r.identity != "" && !strings.EqualFold(r.identity, callerOf(c)):
		case r.probability < 1 && f.random.Float64() >= r.probability:
		default:
			r.struck++
			if r.left > 0 {
				r.left--
			}
			hit := *r
			return &hit
		}
	}
	return nil
}

// pick is a number below n, for faults that choose a row.
func (f *faults) pick(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(n)
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
		s := faultState{
			Call: r.call, Fault: r.kind.name, Probability: r.probability, RetryAfter: r.retryAfter, Struck: r.struck,
			Identity: nilIfEmpty(r.identity), Code: nilIfEmpty(r.code),
		}
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
		if r.delay != 0 {
			delay := r.delay.String()
			s.Delay = &delay
		}
		out = append(out, s)
	}
	return out
}

// callerOf is the client id that a request claims to be of: faults and counts
// go by it before anything is checked. Empty when it claims none.
func callerOf(c *call) string {
	if c.principal != nil {
		return c.principal.clientID
	}
	if c.call == callToken {
		if user, _, ok := c.request.BasicAuth(); ok {
			return unescape(user)
		}
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return ""
		}
		return form.Get("client_id")
	}
	return claimedClient(c.request)
}

// claimedClient reads the application out of a bearer token without checking
// it.
func claimedClient(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		AppID string `json:"appid"`
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return ""
	}
	return claims.AppID
}
