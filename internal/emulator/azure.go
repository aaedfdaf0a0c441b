package emulator

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"andon/internal/emulator/world"
)

// azure is the handler of the https listener: Entra ID and Resource Manager by
// path, as real clients keep them apart by host name only.
type azure struct {
	world  *world.World
	now    func() time.Time
	logger *slog.Logger
	strict bool
	*staff

	queryRight string
	budgets    *budgets
	ledger     *ledger
	faults     *faults
	presence   presence
	router     router
	pages      pageKey
	indexes    indexes
	buffers    pageBuffers
}

// call is one request on its way to an answer.
type call struct {
	route
	request *http.Request
	body    []byte
	// at is the world's time of the request: what is answered is what was true
	// then.
	at time.Time
	// place is the factory the path names; nil when the path names none or one
	// that does not exist.
	place *world.Factory
	// principal is who asks; nil before authentication.
	principal *identity
}

// reply is a whole answer, held back so that faults can cut or replace it.
type reply struct {
	status int
	header http.Header
	body   []byte
	// records is how many run records the answer holds: what Azure bills
	// monitoring by.
	records int
	// isPage is whether body came from the buffers, and goes back there.
	isPage bool
}

// tick brings the world up to real time and returns the world's time.
func (a *azure) tick() time.Time {
	a.world.AdvanceTo(a.now())
	return a.world.Now()
}

func (a *azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{route: a.router.route(r.Method, r.URL.Path), request: r, at: a.tick()}
	c.place = a.findFactory(c.route)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	c.body = body

	f := a.faults.strike(c)
	if !delayed(w, c, f) {
		a.ledger.count(c, 0, 0)
		abort(w, r)
		return
	}
	var out reply
	var tooLarge *http.MaxBytesError
	switch {
	case f.replaces():
		if f.kind.name == faultTimeout && err == nil {
			a.answer(c) // it happens all the same
		}
		out = a.faultReply(c, f)
	case errors.As(err, &tooLarge):
		out = errorReply(errTooLarge())
	case err != nil:
		out = errorReply(&armError{Status: http.StatusBadRequest, Code: "BadRequest", Message: "The request body could not be read."})
	default:
		out = a.answer(c)
	}
	if out.status == http.StatusNotImplemented {
		a.logger.WarnContext(r.Context(), "call is not emulated", slog.String("method", r.Method), slog.String("path", r.URL.Path))
	}
	a.ledger.count(c, out.status, out.records)
	a.write(w, c, out, f)
}

func (a *azure) answer(c *call) reply {
	if c.isEntra() {
		return a.answerEntra(c)
	}
	return a.answerARM(c)
}

// answerARM is Resource Manager's order: who asks, how much they asked, what
// they ask for.
func (a *azure) answerARM(c *call) reply {
	tenant := a.tenantOfPath(c.route)
	id, e := a.authenticate(c.request, tenant)
	if e != nil {
		return errorReply(e)
	}
	c.principal = id
	bucket := bucketOf(c.operation)
	remaining, e := a.budgets.take(c, bucket, id.tenantID)
	out := reply{}
	if e == nil {
		out, e = a.dispatch(c)
	}
	if e != nil {
		out = errorReply(e)
	}
	if out.header == nil {
		out.header = http.Header{}
	}
	scope := "Subscription"
	if c.subscription == "" {
		scope = "Tenant"
	}
	out.header.Set("X-Ms-Ratelimit-Remaining-"+scope+"-"+bucket.header, strconv.Itoa(remaining))
	return out
}

// dispatch is the order in which Resource Manager refuses: the version, the
// subscription, the right, the place, the method, the budget of Data Factory.
// A caller without the right is not told whether the place exists (azure.md
// §4).
func (a *azure) dispatch(c *call) (reply, *armError) {
	if e := checkAPIVersion(c); e != nil {
		return reply{}, e
	}
	if e := a.checkSubscription(c); e != nil {
		return reply{}, e
	}
	op := c.operation
	if op != nil {
		if e := a.checkRight(c, op); e != nil {
			return reply{}, e
		}
	}
	if e := a.checkPlace(c); e != nil {
		return reply{}, e
	}
	if op == nil {
		return reply{}, c.refusal(c.request)
	}
	if op.isQuery {
		if e := a.budgets.takeQuery(c.place.Name); e != nil {
			return reply{}, e
		}
	}
	return op.handle(a, c)
}

func checkAPIVersion(c *call) *armError {
	version := queryValue(c.request, "api-version")
	if version == "" {
		return errNoAPIVersion()
	}
	if c.operation == nil {
		return nil
	}
	versions := strings.Split(c.operation.versions, ",")
	for _, v := range versions {
		if strings.EqualFold(v, version) {
			return nil
		}
	}
	return errAPIVersion(version, versions)
}

// queryValue finds a query parameter whatever the case of its name, as
// Resource Manager does.
func queryValue(r *http.Request, name string) string {
	for k, v := range r.URL.Query() {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// write sends the answer under Data Factory's headers, in the way that f, which
// may be nil, wants it sent.
func (a *azure) write(w http.ResponseWriter, c *call, out reply, f *fault) {
	h := w.Header()
	maps.Copy(h, out.header)
	a.setHeaders(h, c)
	if f.is(faultSkew) {
		h.Set("Date", c.at.Add(f.delay).UTC().Format(http.TimeFormat))
	}
	if len(out.body) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	w.WriteHeader(out.status)
	switch {
	case f.is(faultCut):
		writeHalf(w, out.body)
	case f.is(faultDrip):
		drip(w, c, out.body, f.delay)
	default:
		// It fails when the client left: nobody is there to be told, and the
		// connection may still hold the bytes.
		if _, err := w.Write(out.body); err == nil && out.isPage {
			a.buffers.put(out.body)
		}
	}
}

// setHeaders writes what recorded answers carry. Date is the world's, because
// clients take the end of a window from it.
func (a *azure) setHeaders(h http.Header, c *call) {
	at := c.at.UTC()
	h.Set("Date", at.Format(http.TimeFormat))
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	id := newGUID()
	h.Set("X-Ms-Request-Id", id)
	if c.isEntra() {
		return
	}
	h.Set("X-Ms-Correlation-Request-Id", id)
	h.Set("X-Ms-Routing-Request-Id", fmt.Sprintf("SWEDENCENTRAL:%s:%s", at.Format("20060102T150405Z"), id))
	h.Set("Server", "Microsoft-IIS/10.0")
	h.Set("X-Powered-By", "ASP.NET")
}
