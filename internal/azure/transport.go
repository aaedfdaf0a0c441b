package azure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// maxBody bounds one answer. A page of 100 runs is about 80 kB; the rest
	// is room for large messages and outputs.
	maxBody = 64 << 20
	// idleConnections is enough for every window that may be read at once.
	idleConnections = 64
)

// newHTTPClient makes the one HTTP client that Entra ID and ARM share. It
// speaks HTTP/1.1: with parallel windows a connection each is as fast as one
// shared HTTP/2 connection, and a broken one costs only its own window.
func newHTTPClient(cfg Config) (*http.Client, error) {
	pool, err := trusted(cfg)
	if err != nil {
		return nil, err
	}
	settings := httpproxy.FromEnvironment()
	if !isProxy(settings.HTTPSProxy) {
		// Such a setting would be left out of account without a word. It is
		// not shown, since it may hold a password.
		return nil, configError(cfg, "HTTPS_PROXY is not the URL of a proxy", "give one such as http://proxy.example:3128, or unset it")
	}
	proxy := settings.ProxyFunc()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	t := &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           2 * idleConnections,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        90 * time.Second,
		Protocols:              protocols,
	}
	return &http.Client{
		Transport: t,
		// Neither Entra ID nor ARM redirects these calls. What does is a login
		// page in between, and it must not get the secret that a repeated
		// POST would bring it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// isProxy reports whether setting is empty or names a proxy, with or without
// its scheme.
func isProxy(setting string) bool {
	if setting == "" {
		return true
	}
	if !strings.Contains(setting, "://") {
		setting = "http://" + setting
	}
	u, err := url.Parse(setting)
	return err == nil && u.Host != ""
}

// trusted returns the system's authorities with those of the cloud's CAFile;
// nil stands for the system's alone.
func trusted(cfg Config) (*x509.CertPool, error) {
	if cfg.Cloud.CAFile == "" {
		return nil, nil //nolint:nilnil // nil is what crypto/tls takes for the system's pool
	}
	pem, err := os.ReadFile(cfg.Cloud.CAFile)
	if err != nil {
		e := configError(cfg, "the CA file can't be read", "check that it exists and that Andon's user may read it")
		e.Where, e.cause, e.Command = e.Where+", file "+cfg.Cloud.CAFile, err, lookAtFile(cfg.Cloud.CAFile)
		return nil, e
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without a system pool still has the file
	}
	if !pool.AppendCertsFromPEM(pem) {
		e := configError(cfg, "the CA file holds no certificate", "give certificates in PEM form")
		e.Where += ", file " + cfg.Cloud.CAFile
		return nil, e
	}
	return pool, nil
}

// proxyRefusal is a proxy's answer to CONNECT other than 200.
type proxyRefusal struct {
	proxy  string // host and port, without credentials
	status int
}

func (p *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", p.proxy, p.status, http.StatusText(p.status))
}

func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{proxy: proxy.Host, status: answer.StatusCode}
}

// transport hands requests of the SDK to the HTTP client, bounds what comes
// back, and marks what broke while a body was read.
type transport struct{ client *http.Client }

// Do implements the SDK's policy.Transporter.
func (t transport) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.client.Do(r) //nolint:gosec // the SDK builds r for the configured hosts; links to others are refused
	if err != nil {
		if n, ok := r.Context().Value(noteKey{}).(*note); ok {
			n.set(err)
		}
		return nil, err
	}
	resp.Body = &boundedBody{body: resp.Body, left: maxBody}
	return resp, nil
}

// bodyError is what broke off the reading of an answer.
type bodyError struct{ err error }

func (b *bodyError) Error() string { return "the answer broke off: " + b.err.Error() }
func (b *bodyError) Unwrap() error { return b.err }

// errTooLarge ends the reading of an answer beyond maxBody.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)

type boundedBody struct {
	body io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return n, errTooLarge
	case err != nil && err != io.EOF:
		return n, &bodyError{err}
	}
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }

// note carries what happened on the way to Entra ID past the SDK, which
// keeps only the text of such an error.
type note struct {
	mu  sync.Mutex
	err error
}

type noteKey struct{}

func (n *note) set(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

func (n *note) last() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}
