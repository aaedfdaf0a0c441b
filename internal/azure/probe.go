package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/net/http/httpproxy"

	"andon/internal/adf"
)

// ProbeKind is one kind of request below a factory that a board is made of. A
// kind is named as ADF names the request.
type ProbeKind string

// The kinds of request that Probe sends.
const (
	ProbeFactory       ProbeKind = "getFactory"
	ProbePipelineRuns  ProbeKind = "queryPipelineRuns"
	ProbeActivityRuns  ProbeKind = "queryActivityRuns" // Item is a runId
	ProbeTriggerRuns   ProbeKind = "queryTriggerRuns"
	ProbeTriggers      ProbeKind = "queryTriggers"
	ProbeTriggerList   ProbeKind = "listTriggers"
	ProbePipelines     ProbeKind = "listPipelines"
	ProbeRuntimes      ProbeKind = "listIntegrationRuntimes"
	ProbeRuntimeStatus ProbeKind = "integrationRuntimeStatus" // Item is a runtime's name
)

// ProbeKinds returns all of them in the order in which they make sense.
func ProbeKinds() []ProbeKind {
	return []ProbeKind{
		ProbeFactory, ProbePipelineRuns, ProbeActivityRuns, ProbeTriggerRuns, ProbeTriggers, ProbeTriggerList,
		ProbePipelines, ProbeRuntimes, ProbeRuntimeStatus,
	}
}

// probeWindow is the width of a probe's window: it costs few records.
const probeWindow = time.Minute

// noRun is asked for where there is no run to ask for. Rights are checked
// before the run is looked for.
const noRun = "00000000-0000-4000-8000-000000000000"

// ProbeRequest is what to probe.
type ProbeRequest struct {
	Kind    ProbeKind
	Factory adf.FactoryID
	// Item is the run or the integration runtime that is asked for; "" asks for
	// a run that does not exist.
	Item string
}

// ProbeResult is what a probe found.
type ProbeResult struct {
	Rows  int    // on the first page; no further one is asked for
	More  bool   // whether there is a further page
	First string // runId of the first run, name of the first thing; "" where there is none
}

// probeCall is how a kind is asked for (ADF REST 2018-06-01).
type probeCall struct {
	method, path, right string
	body                any
	next                string // the member that asks for a further page; "" where the answer is no page
}

func (r ProbeRequest) call(now time.Time) probeCall {
	window := adf.RunFilter{LastUpdatedAfter: adf.TimeOf(now.Add(-probeWindow)), LastUpdatedBefore: adf.TimeOf(now)}
	item := url.PathEscape(cmp.Or(r.Item, noRun))
	switch r.Kind {
	case ProbePipelineRuns:
		return probeCall{http.MethodPost, "/queryPipelineRuns", "querypipelineruns/action", window, continuation}
	case ProbeActivityRuns:
		return probeCall{http.MethodPost, "/pipelineruns/" + item + "/queryActivityruns", "pipelineruns/queryactivityruns/action", window, continuation}
	case ProbeTriggerRuns:
		return probeCall{http.MethodPost, "/queryTriggerRuns", "querytriggerruns/action", window, continuation}
	case ProbeTriggers:
		return probeCall{http.MethodPost, "/querytriggers", "querytriggers/action", struct{}{}, continuation}
	case ProbeTriggerList:
		return probeCall{http.MethodGet, "/triggers", "triggers/read", nil, "nextLink"}
	case ProbePipelines:
		return probeCall{http.MethodGet, "/pipelines", "pipelines/read", nil, "nextLink"}
	case ProbeRuntimes:
		return probeCall{http.MethodGet, "/integrationRuntimes", "integrationruntimes/read", nil, "nextLink"}
	case ProbeRuntimeStatus:
		return probeCall{http.MethodPost, "/integrationRuntimes/" + item + "/getStatus", "integrationruntimes/getstatus/read", nil, ""}
	case ProbeFactory:
	}
	return probeCall{http.MethodGet, "", "read", nil, ""}
}

// Probe sends one real request of a kind, with the smallest window there is,
// to see whether it is answered. That a run or a runtime is not there is an
// answer. The error is an *Error.
func (c *Client) Probe(ctx context.Context, r ProbeRequest) (ProbeResult, error) {
	how := r.call(c.now())
	q, err := c.factoryCall(string(r.Kind), how.method, r.Factory, how.path)
	if err != nil {
		return ProbeResult{}, err
	}
	q.right, q.body = "Microsoft.DataFactory/factories/"+how.right, how.body
	switch r.Kind {
	case ProbeActivityRuns:
		q.child = childRun
	case ProbeRuntimeStatus:
		q.child = childRuntime
	default: // a list
	}
	var found ProbeResult
	err = c.ask(ctx, q, func(a answer) (err error) {
		found, err = how.read(a)
		return err
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == KindNotFound {
		return ProbeResult{}, nil
	}
	return found, err
}

// read takes in an answer: a page, or one thing.
func (p *probeCall) read(a answer) (ProbeResult, error) {
	if p.next == "" {
		_, err := openObject(a.body)
		return ProbeResult{Rows: 1}, err
	}
	rows, token, err := splitPage(a.body, p.next)
	found := ProbeResult{Rows: len(rows), More: token != ""}
	*a.records = len(rows)
	if len(rows) > 0 {
		found.First = nameIn(rows[0].Raw())
	}
	return found, err
}

// nameIn returns what a run or a thing is asked for by; "" where it says none.
func nameIn(row json.RawMessage) string {
	var w struct {
		RunID string `json:"runId"`
		Name  string `json:"name"`
	}
	// A member of a wrong type costs only itself.
	if err := json.Unmarshal(row, &w); err != nil && w.RunID == "" && w.Name == "" {
		return ""
	}
	return cmp.Or(w.RunID, w.Name)
}

// FactoriesIn lists the factories of a subscription, or of one of its resource
// groups, in the manner of Factories, but that a subscription which does not
// use Data Factory is an error of KindNotRegistered.
func (c *Client) FactoriesIn(ctx context.Context, subscriptionID, resourceGroup string) ([]adf.Factory, error) {
	return c.listFactories(ctx, subscriptionID, resourceGroup)
}

// Token gets an access token for Azure Resource Manager, or finds the one that
// there is, and says when it ends. The token itself is not told. The error is
// an *Error.
func (c *Client) Token(ctx context.Context) (expires time.Time, err error) {
	onTheWay := new(note)
	token, err := c.token.GetToken(context.WithValue(ctx, noteKey{}, onTheWay), azpolicy.TokenRequestOptions{
		Scopes: []string{c.cloud.Audience + "/.default"}, EnableCAE: true,
	})
	if err != nil {
		return time.Time{}, c.failed(ctx, c.tokenQuestion(), err, onTheWay.last())
	}
	return token.ExpiresOn, nil
}

func (c *Client) tokenQuestion() call {
	return call{name: TokenCall, where: "source " + c.cfg.Name}
}

// Hosts returns the host and port of Entra ID and of Azure Resource Manager.
func (c *Client) Hosts() (entra, resourceManager string) {
	return hostOf(c.cloud.Authority), hostOf(c.armURL)
}

// AsksEntra reports whether Andon itself goes to Entra ID: a managed identity's
// and the Azure CLI's tokens come by other ways.
func (c *Client) AsksEntra() bool { return !c.cfg.ManagedIdentity && !c.cfg.AzureCLI }

// Credential says in half a sentence what proves who the source is.
func (c *Client) Credential() string {
	for _, k := range credentialKinds(c.cfg) {
		switch {
		case !k.isGiven:
		case c.cfg.ClientID == "":
			return k.name
		default:
			return k.name + " of application " + c.cfg.ClientID
		}
	}
	return ""
}

// ClientID returns the application that asks, "" where only the machine or the
// Azure CLI knows it.
func (c *Client) ClientID() string { return c.cfg.ClientID }

// CloudName returns public, usgov or china, "" for a custom cloud.
func (c *Client) CloudName() string { return c.cloud.Name }

// Reached is how a host answered.
type Reached struct {
	Host  string
	Proxy string // host and port of the proxy on the way; "" for none
	// Date is what the host's clock said, to the second; zero when the answer
	// has none. Sent and Received are this machine's clock around it.
	Date, Sent, Received time.Time
}

// ReachEntra asks Entra ID for what everybody may know, to see whether the way
// there is free. The error is an *Error.
func (c *Client) ReachEntra(ctx context.Context) (Reached, error) {
	tenant := url.PathEscape(cmp.Or(c.cfg.TenantID, "common"))
	return c.reach(ctx, "openIdConfiguration", "Entra ID", c.cloud.Authority+"/"+tenant+"/v2.0/.well-known/openid-configuration")
}

// ReachResourceManager asks Azure Resource Manager without a token, which it
// refuses: that is an answer. The error is an *Error.
func (c *Client) ReachResourceManager(ctx context.Context) (Reached, error) {
	return c.reach(ctx, "subscriptions without a token", "Azure Resource Manager", c.armURL+"/subscriptions?api-version="+subscriptionAPI)
}

func (c *Client) reach(ctx context.Context, name, whom, target string) (Reached, error) {
	q := call{name: name, where: whom + " of source " + c.cfg.Name}
	at := Reached{Host: hostOf(target), Proxy: proxyFor(target)}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return at, c.newError(q, KindBadRequest, "the request can't be made", "correct the cloud in the configuration", err)
	}
	req.Header.Set("Accept", "application/json")
	at.Sent = c.now()
	resp, err := c.http.Do(req)
	at.Received = c.now()
	if err != nil {
		if ctx.Err() != nil {
			return at, c.canceled(q, ctx.Err())
		}
		return at, c.unreachable(q, target, err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	at.Date = azureTime(resp.Header, time.Time{})
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	switch {
	case err != nil && ctx.Err() != nil:
		return at, c.canceled(q, ctx.Err())
	case err != nil:
		return at, c.unreachable(q, target, err)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return at, c.refused(q, resp, body)
	}
	if e := c.notJSON(q, resp, body); e != nil {
		return at, e
	}
	return at, nil
}

// proxyFor returns the host and port of the proxy to target, "" for none. A
// setting that is no URL was refused by New.
func proxyFor(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}
