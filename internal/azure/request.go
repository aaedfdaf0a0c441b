package azure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"andon/internal/adf"
	"andon/internal/azure/budget"
)

const (
	// maxTries of one call, the first included.
	maxTries = 4
	// firstPause precedes the second try; each further one is twice as long.
	firstPause = 300 * time.Millisecond
	// maxWait is how long a call waits between two tries; beyond it the caller
	// is told when to come back.
	maxWait = 10 * time.Second

	factoryAPI      = "2018-06-01" // ADF REST; the only generally available version
	subscriptionAPI = "2022-12-01" // ARM REST, Subscriptions - List
)

// place is what a call is about: a factory and its subscription, a
// subscription alone, or neither.
type place struct {
	factory      adf.FactoryID
	subscription string
}

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
	child     string // what of a factory it asks for, which may be gone: a run, a pipeline …; "" for the factory itself and for lists
	etag      string // asks only for what is not this version; "" asks for any
	continued bool   // carries a continuation token
}

// answer is what ARM said with status 200, or with 304 to a question for
// another version.
type answer struct {
	body      []byte
	at        time.Time // by Azure's clock
	records   *int      // decode counts the run records here
	unchanged bool      // there is no other version, and no body
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
	pass, err := c.budget.Enter(ctx, budget.Request{
		Source: c.cfg.Name, Principal: c.Principal(), Subscription: q.place.subscription, Factory: q.place.factory.Key(),
		Purpose: budget.PurposeOf(ctx), Insists: budget.Insists(ctx),
	})
	if err != nil {
		return c.notSent(q, err)
	}
	records, failed := c.send(ctx, q, pass, decode)
	c.settle(ctx, q, pass, records, failed)
	return failed
}

// settle tells the scheduler how a request ended.
func (c *Client) settle(ctx context.Context, q call, pass *budget.Pass, records int, failed *Error) {
	if failed == nil {
		pass.Answered(records)
		return
	}
	isToken := failed.Call == TokenCall
	switch failed.Kind {
	case KindThrottled:
		whose := budget.OfFactory
		switch {
		case isToken:
			whose = budget.OfSource
		case strings.EqualFold(failed.Code, "SubscriptionRequestsThrottled"):
			whose = budget.OfSubscription
		}
		pass.Throttled(failed.RetryAt, whose)
		c.logger.WarnContext(ctx, "azure throttles", "call", q.name, "where", q.where, "code", failed.Code, "retry_at", failed.RetryAt.UTC())
	case KindServer, KindTimeout, KindCut, KindNotJSON:
		if isToken {
			pass.Unreached(failed, false) // no fault of what was asked about
		} else {
			pass.Failed(failed)
		}
	case KindNoRoute:
		pass.Unreached(failed, false)
	case KindDisabled:
		pass.Disabled(failed, failed.RetryAt)
	case KindWrongSecret, KindExpiredSecret, KindUnknownClient, KindUnknownTenant, KindBadCertificate, KindBadFederation:
		pass.Unreached(failed, true)
	case KindCanceled:
		pass.Unused()
	default:
		if isToken {
			pass.Unreached(failed, true) // nobody to sign in as: asking again at once changes nothing
		} else {
			pass.Answered(0) // a refusal is an answer
		}
	}
}

// Principal tells identities apart as ARM does, which counts by them.
func (c *Client) Principal() string {
	if c.cfg.ClientID == "" {
		return c.cfg.Name
	}
	return strings.ToLower(c.cfg.TenantID + "/" + c.cfg.ClientID)
}

// send carries out a request that may be sent. records is how many run records
// came.
func (c *Client) send(ctx context.Context, q call, pass *budget.Pass, decode func(answer) error) (records int, failed *Error) {
	asked := c.now()
	onTheWay := new(note)
	req, err := c.request(context.WithValue(ctx, noteKey{}, onTheWay), q)
	if err != nil {
		return 0, c.newError(q, KindBadRequest, "the request can't be made", "report this as a fault of Andon", err)
	}
	c.count(q.name)
	resp, err := c.arm.Do(req) //nolint:bodyclose // the pipeline has read and closed it
	if err != nil {
		return 0, c.failed(ctx, q, err, onTheWay.last())
	}
	body, err := runtime.Payload(resp) // in memory already
	if err != nil {
		return 0, c.failed(ctx, q, err, nil)
	}
	if left, err := strconv.Atoi(resp.Header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads")); err == nil {
		if changed, slow := pass.ReadsLeft(left); changed {
			c.logger.InfoContext(ctx, "azure's read limit changes the pace", "subscription", q.place.subscription, "slow", slow, "reads_left", left)
		}
	}
	a := answer{body: body, at: azureTime(resp.Header, asked), records: &records}
	switch {
	case resp.StatusCode == http.StatusNotModified && q.etag != "":
		a.unchanged = true
	case resp.StatusCode != http.StatusOK:
		return 0, c.refused(q, resp, body)
	default:
		if failed := c.notJSON(q, resp, body); failed != nil {
			return 0, failed
		}
	}
	if err := decode(a); err != nil {
		return 0, c.unreadable(q, err)
	}
	return records, nil
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
	if q.etag != "" {
		req.Raw().Header.Set("If-None-Match", `"`+strings.Trim(q.etag, `"`)+`"`)
	}
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

// pause waits for d or for ctx's end.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
