package budget

import (
	"math/rand/v2"
	"time"
)

const (
	// tolerated is how many failures in a row a circuit takes for chance.
	tolerated = 4
	firstRest = 2 * time.Second
	lastRest  = time.Minute
)

// circuit stops asking what fails again and again, but for one request at a
// time that tries whether it is whole again. The zero value is closed, which
// lets everything pass.
type circuit struct {
	failures int
	rests    int       // how often it opened since the last answer
	until    time.Time // it is open before then; after, one probe may pass
	open     bool
	probing  bool // the probe is on its way
	cause    error
}

// refusal returns the error that opened the circuit while it is open.
func (c *circuit) refusal(now time.Time) error {
	if c.open && now.Before(c.until) {
		return c.cause
	}
	return nil
}

// isProbing reports whether others have to wait for what the probe finds.
func (c *circuit) isProbing() bool { return c.open && c.probing }

func (c *circuit) enter(now time.Time) {
	if c.open && !now.Before(c.until) {
		c.probing = true
	}
}

func (c *circuit) answered() { *c = circuit{} }

// failed counts a failure. A lasting one, such as a refused secret, opens the
// circuit at once.
func (c *circuit) failed(now time.Time, cause error, isLasting bool) (opened bool) {
	c.probing = false
	c.failures++
	if c.open && now.Before(c.until) {
		return false // one that was under way when it opened
	}
	if c.failures <= tolerated && !isLasting && !c.open {
		return false
	}
	rest := lastRest
	if c.rests < 5 {
		rest = min(lastRest, firstRest<<c.rests)
	}
	rest = rest/2 + time.Duration(rand.Int64N(int64(rest/2)+1)) //nolint:gosec // spreads load, guards nothing
	opened = !c.open
	c.rests++
	c.open, c.until, c.cause = true, now.Add(rest), cause
	return opened
}
