package emulator

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"andon/internal/emulator/entra"
)

// proxy is an HTTP CONNECT proxy that knows Azure's two host names, and that of
// its clusters' issuers, and leads them to the emulator's https listener, so that clients keep Azure's own
// addresses and default clouds.
type proxy struct {
	target string
	logger *slog.Logger

	mu      sync.Mutex
	closed  bool
	open    map[net.Conn]struct{}
	tunnels sync.WaitGroup
}

func newProxy(target string, logger *slog.Logger) *proxy {
	return &proxy{target: target, logger: logger, open: map[net.Conn]struct{}{}}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		refuseTunnel(w, fmt.Sprintf("this is a CONNECT proxy for https; %s is not answered", r.Method))
		return
	}
	switch strings.ToLower(r.Host) {
	case entraHost + ":443", armHost + ":443", entra.ClusterHost + ":443":
	default:
		refuseTunnel(w, fmt.Sprintf("this proxy leads to the Azure emulator only: %s:443 and %s:443 (and %s:443, where the keys of federated tokens are), not %s", entraHost, armHost, entra.ClusterHost, r.Host))
		return
	}
	var d net.Dialer
	upstream, err := d.DialContext(r.Context(), "tcp", p.target)
	if err != nil {
		http.Error(w, "the emulator's https listener does not answer", http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		closeConn(upstream)
		http.Error(w, "this connection can not become a tunnel", http.StatusInternalServerError)
		return
	}
	if !p.track(client, upstream) {
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		p.untrack(client, upstream)
		return
	}
	// A client may send its TLS hello without waiting for the answer above; the
	// server has then read it into its buffer.
	early := io.LimitReader(buffered, int64(buffered.Reader.Buffered()))
	p.tunnel(r.Context(), client, upstream, io.MultiReader(early, client))
	p.untrack(client, upstream)
}

// tunnel copies both ways until one side ends, which ends the other.
func (p *proxy) tunnel(ctx context.Context, client, upstream net.Conn, fromClient io.Reader) {
	ended := make(chan error, 2)
	go func() {
		_, err := io.Copy(upstream, fromClient)
		closeConn(upstream)
		ended <- err
	}()
	go func() {
		_, err := io.Copy(client, upstream)
		closeConn(client)
		ended <- err
	}()
	for range 2 {
		if err := <-ended; err != nil {
			p.logger.DebugContext(ctx, "tunnel ended", slog.Any("error", err))
		}
	}
}

// track lets close end the connections and wait for their tunnel. It closes
// them at once, and returns false, when close was called before.
func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		for _, c := range conns {
			closeConn(c)
		}
		return false
	}
	p.tunnels.Add(1)
	for _, c := range conns {
		p.open[c] = struct{}{}
	}
	return true
}

func (p *proxy) untrack(conns ...net.Conn) {
	defer p.tunnels.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
		closeConn(c)
	}
}

// close ends every tunnel: http.Server.Shutdown knows nothing of connections
// that were hijacked.
func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		closeConn(c)
	}
	p.mu.Unlock()
	p.tunnels.Wait()
}

func closeConn(c net.Conn) {
	_ = c.Close() // the other direction may have closed it first, which is as well
}

func refuseTunnel(w http.ResponseWriter, sentence string) {
	http.Error(w, sentence, http.StatusForbidden)
}
