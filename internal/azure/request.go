package azure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// maxTries of one call, the first included.
	maxTries = 4
	// firstPause precedes the second try; each further one is twice as long.
	firstPause = 300 * time.Millisecond

	factoryAPI      = "2018-06-01" // ADF REST; the only generally available version
	subscriptionAPI = "2022-12-01" // ARM REST, Subscriptions - List
)

// call is one question to ARM.
type call struct {
	name      string // ADF's or ARM's own name of it
	method    string
	path      string // escaped, below ARM's URL; "" when link is set
	link      string // absolute URL of a list's next page, already checked
	version   string
	body      any // nil for none
	place     place
	where     string // for people
	right     string // the action that the identity needs
	run       bool   // asks for one run, which may be gone
	continued bool   // carries a continuation token
}

// answer is what ARM said with status 200.
type answer struct {
	body []byte
	at   time.Time // by Azure's clock
}

// ask sends q until it is answered and decode takes the answer, or until
// trying again makes no sense. Asking twice is safe: every call reads.
func (c *Client) ask(ctx context.Context, q call, decode func(answer) error) error {
	for try := 1; ; try++ {
		failed := c.try(ctx, q, decode)
		if failed == nil {
			return nil
		}
		if !failed.retry || try == maxTries || failed.after > maxWait {
			return failed
		}
		c.logger.DebugContext(ctx, "asking azure again", "call", q.name, "kind", string(failed.Kind), "status", failed.Status, "try", try)
		if failed.Kind == KindThrottled {
			continue // the gate makes it wait
		}
		if err := pause(ctx, max(failed.after, backoff(try))); err != nil {
			return c.canceled(q, err)
		}
	}
}

func backoff(try int) time.Duration {
	spread := 0.8 + 0.4*rand.Float64() //nolint:gosec // spreads retries in time, keeps no secret
	return time.Duration(float64(firstPause<<(try-1)) * spread)
}

// try sends q once.
func (c *Client) try(ctx context.Context, q call, decode func(answer) error) *Error {
	leave, err := c.limits.enter(ctx, q.place)
	if err != nil {
		if closed, ok := errors.AsType[*closedError](err); ok {
			return c.stillThrottled(q, closed.until)
		}
		return c.canceled(q, err)
	}
	defer leave()
	asked := c.now()
	onTheWay := new(note)
	req, err := c.request(context.WithValue(ctx, noteKey{}, onTheWay), q)
	if err != nil {
		return c.newError(q, KindBadRequest, "the request can't be made", "report this as a fault of Andon", err)
	}
	c.count(q.name)
	resp, err := c.arm.Do(req) //nolint:bodyclose // the pipeline has read and closed it
	if err != nil {
		return c.failed(ctx, q, err, onTheWay.last())
	}
	body, err := runtime.Payload(resp) // in memory already
	if err != nil {
		return c.failed(ctx, q, err, nil)
	}
	if changed, slow, left := c.limits.observe(q.place, resp.Header); changed {
		c.logger.InfoContext(ctx, "azure's read limit changes the pace", "subscription", q.place.subscription, "slow", slow, "reads_left", left)
	}
	if resp.StatusCode != http.StatusOK {
		return c.refused(ctx, q, resp, body)
	}
	if failed := c.notJSON(q, resp, body); failed != nil {
		return failed
	}
	if err := decode(answer{body: body, at: azureTime(resp.Header, asked)}); err != nil {
		return c.unreadable(q, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, q call) (*azpolicy.Request, error) {
	target := q.link
	if target == "" {
		target = c.armURL + q.path
	}
	req, err := runtime.NewRequest(ctx, q.method, target)
	if err != nil {
		return nil, fmt.Errorf("the URL of %s: %w", q.name, err)
	}
	if q.link == "" {
		req.Raw().URL.RawQuery = url.Values{"api-version": {q.version}}.Encode()
	}
	req.Raw().Header.Set("Accept", "application/json")
	if q.body != nil {
		if err := runtime.MarshalAsJSON(req, q.body); err != nil {
			return nil, fmt.Errorf("the body of %s: %w", q.name, err)
		}
	}
	return req, nil
}

// azureTime returns the Date header, which is Azure's own clock and what its
// timestamps are to be compared with, else otherwise.
func azureTime(h http.Header, otherwise time.Time) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t
	}
	return otherwise
}
