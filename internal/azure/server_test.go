package azure_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
)

const (
	tenant    = "11111111-2222-3333-4444-555555555555"
	clientID  = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	canary    = "c4n4ry~s3cr3t.which-must_never-show"
	theToken  = "t0ken-c4n4ry"
	factory   = adf.FactoryID("/subscriptions/51111111-0000-0000-0000-000000000001/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/adf-Sales")
	someRunID = "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"
)

// azureServer is one TLS server that is Entra ID and ARM at once. token and
// arm answer; where they are nil, a good answer is given.
type azureServer struct {
	*httptest.Server

	token, arm          http.HandlerFunc
	tokens, armRequests atomic.Int64
}

func startAzure(t *testing.T, token, arm http.HandlerFunc) *azureServer {
	t.Helper()
	s := &azureServer{token: token, arm: arm}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are part of the tests
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *azureServer) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		base := "https://" + r.Host + "/" + strings.Split(r.URL.Path, "/")[1]
		sendJSON(w, http.StatusOK, fmt.Sprintf(`{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, base))
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		s.tokens.Add(1)
		if s.token != nil {
			s.token(w, r)
			return
		}
		sendJSON(w, http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"`+theToken+`"}`)
	default:
		s.armRequests.Add(1)
		if r.Header.Get("Authorization") != "Bearer "+theToken {
			sendJSON(w, http.StatusUnauthorized, `{"error":{"code":"AuthenticationFailed","message":"no token"}}`)
			return
		}
		if s.arm != nil {
			s.arm(w, r)
			return
		}
		sendJSON(w, http.StatusOK, `{"value":[]}`)
	}
}

// caFile writes the server's own certificate, which is its authority.
func (s *azureServer) caFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *azureServer) config(t *testing.T) azure.Config {
	t.Helper()
	return azure.Config{
		Name: "contoso", TenantID: tenant, ClientID: clientID, Secret: canary,
		Cloud: azure.Cloud{Authority: s.URL, ResourceManager: s.URL, CAFile: s.caFile(t)},
	}
}

func (s *azureServer) client(t *testing.T) *azure.Client {
	t.Helper()
	return newClient(t, s.config(t))
}

// newClient makes a client that nothing slows down, unless cfg says otherwise.
func newClient(t *testing.T, cfg azure.Config) *azure.Client {
	t.Helper()
	if cfg.Scheduler == nil {
		cfg.Scheduler = budget.New(budget.Budget{Off: true}, cfg.Now)
	}
	c, err := azure.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func sendJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that left is not the server's concern
}

// always answers every request alike.
func always(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, status, body) }
}

// inTurn answers with each handler once, then with the last one for ever.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}
}

// page is a good page with one run.
func page(token string) string {
	next := ""
	if token != "" {
		next = `,"continuationToken":"` + token + `"`
	}
	return `{"value":[{"runId":"` + someRunID + `","pipelineName":"pl_load","status":"Succeeded","lastUpdated":"2026-11-24T02:00:03.1182931Z"}]` + next + `}`
}

// cut sends half of a page and closes the connection.
func cut(w http.ResponseWriter, _ *http.Request) {
	body := page("")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = io.WriteString(w, body[:len(body)/2]) // the rest never comes
	panic(http.ErrAbortHandler)
}

// reset closes the connection without an answer.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func window() adf.RunFilter {
	to := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return adf.RunFilter{LastUpdatedAfter: adf.TimeOf(to.Add(-time.Hour)), LastUpdatedBefore: adf.TimeOf(to)}
}

func asError(t *testing.T, err error) *azure.Error {
	t.Helper()
	e, ok := errors.AsType[*azure.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want an *azure.Error", err, err)
	}
	return e
}
