package emulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"andon/internal/emulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// clock is real time that a test holds still and moves by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func stoppedClock() *clock { return &clock{t: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bundle is a started emulator and a client that trusts it.
type bundle struct {
	t      testing.TB
	emu    *emulator.Emulator
	info   emulator.Info
	client *http.Client
	tls    *tls.Config
	bearer string
}

// setup starts an emulator of a small company on free ports. Fields that o
// leaves out get what suits a test.
func setup(t *testing.T, o emulator.Options) *bundle {
	t.Helper()
	o.Listen, o.ProxyListen, o.ControlListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	if o.Size == 0 {
		o.Size = 600
	}
	if o.Limits == "" {
		o.Limits = "off"
	}
	emu, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := newBundle(t, emu.Info())
	b.emu = emu
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := emu.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

func newBundle(tb testing.TB, info emulator.Info) *bundle {
	tb.Helper()
	b := &bundle{t: tb, info: info, tls: &tls.Config{RootCAs: readCA(tb, info.CAFile), MinVersion: tls.VersionTLS12}}
	b.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: b.tls, ForceAttemptHTTP2: true}}
	return b
}

func readCA(tb testing.TB, file string) *x509.CertPool {
	tb.Helper()
	pem, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		tb.Fatalf("%s holds no certificate", file)
	}
	return pool
}

// answer is a response read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (b *bundle) do(method, address, body string, header ...string) answer {
	b.t.Helper()
	a, err := b.try(method, address, body, header...)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, address, err)
	}
	return a
}

// try sends one request; header is name, value, name, value.
func (b *bundle) try(method, address, body string, header ...string) (answer, error) {
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	got, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, got}, errors.Join(err, res.Body.Close())
}

// token gets an access token for an identity of the emulator.
func (b *bundle) token(id, secret string) string {
	b.t.Helper()
	form := url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "scope": {"https://management.azure.com/.default"}}
	a := b.do("POST", b.info.Authority+"/"+b.info.TenantID+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	b.decode(a, http.StatusOK, &token)
	return token.AccessToken
}

// arm asks Resource Manager as the main identity. The path may lack an
// api-version; then it gets the right one.
func (b *bundle) arm(method, path, body string, header ...string) answer {
	b.t.Helper()
	a, err := b.tryARM(method, path, body, header...)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (b *bundle) tryARM(method, path, body string, header ...string) (answer, error) {
	if b.bearer == "" {
		b.bearer = "Bearer " + b.token(b.info.ClientID, b.info.ClientSecret)
	}
	if !strings.Contains(path, "?") {
		path += "?api-version=2018-06-01"
	}
	header = append([]string{"Authorization", b.bearer, "Content-Type", "application/json"}, header...)
	return b.try(method, b.info.ResourceManager+path, body, header...)
}

func (b *bundle) control(method, path, body string) answer {
	b.t.Helper()
	return b.do(method, b.info.Control+path, body)
}

func (b *bundle) decode(a answer, status int, v any) {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		b.t.Fatalf("%v in %.300s", err, a.body)
	}
}

// row is a run as the emulator answered it.
type row = map[string]any

type page struct {
	Value             []row
	ContinuationToken *string
}

// query asks one page of runs of a factory.
func (b *bundle) query(factory, body string) page {
	b.t.Helper()
	var p page
	b.decode(b.arm("POST", factory+"/queryPipelineRuns", body), http.StatusOK, &p)
	return p
}

// queryAll follows the tokens of a body, which must be a JSON object, to the
// last page.
func (b *bundle) queryAll(factory, body string) []row {
	b.t.Helper()
	var rows []row
	next := body
	for {
		p := b.query(factory, next)
		rows = append(rows, p.Value...)
		if p.ContinuationToken == nil {
			return rows
		}
		if len(p.Value) != 100 {
			b.t.Fatalf("a page with a token holds %d rows, want 100", len(p.Value))
		}
		next = withToken(b.t, body, *p.ContinuationToken)
	}
}

func withToken(tb testing.TB, body, token string) string {
	tb.Helper()
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		tb.Fatal(err)
	}
	fields["continuationToken"] = token
	out, err := json.Marshal(fields)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// truth is what really happened in a factory.
func (b *bundle) truth(factory string) []row {
	b.t.Helper()
	var all struct{ Items []row }
	b.decode(b.control("GET", "/truth/runs?factory="+url.QueryEscape(factory), ""), http.StatusOK, &all)
	return all.Items
}

// startRun lets a run happen in the first factory and returns its row.
func (b *bundle) startRun(pipeline, status, message string, ms int) row {
	b.t.Helper()
	in, err := json.Marshal(row{"factory": b.info.Factories[0], "pipelineName": pipeline, "status": status, "message": message, "durationInMs": ms})
	if err != nil {
		b.t.Fatal(err)
	}
	var r row
	b.decode(b.control("POST", "/truth/runs", string(in)), http.StatusOK, &r)
	return r
}

func runIDs(rows []row) []string {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r["runId"].(string))
	}
	return ids
}

// everything is a body whose window holds all that the service still shows.
const everything = `{"lastUpdatedAfter":"2000-01-01T00:00:00Z","lastUpdatedBefore":"2199-12-31T00:00:00Z"}`
