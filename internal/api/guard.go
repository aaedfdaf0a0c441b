package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// policy holds the security headers of every answer.
type policy struct {
	page  string // Content-Security-Policy of everything but embeds
	embed string // Content-Security-Policy of /embed/
}

// The browser UI is built for this policy: no inline script or style, nothing
// from elsewhere, and no string is ever turned into code or markup.
const policyStart = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; object-src 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors "

// newPolicy takes the origins that may frame embeds.
func newPolicy(origins []string) (policy, error) {
	p := policy{page: policyStart + "'none'", embed: policyStart + "'none'"}
	var framing []string
	for _, text := range origins {
		u, err := url.Parse(text)
		// A blank, comma or semicolon would begin another part of the header.
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
			u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, " ,;'\"*\t\r\n") {
			return p, fmt.Errorf("embed origin %q is not an origin: give scheme, host and port only, such as https://portal.example.com", text)
		}
		framing = append(framing, u.Scheme+"://"+u.Host)
	}
	if len(framing) > 0 {
		p.embed = policyStart + strings.Join(framing, " ")
	}
	return p, nil
}

func (p policy) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", p.page)
		if strings.HasPrefix(r.URL.Path, "/embed/") {
			h.Set("Content-Security-Policy", p.embed)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // links into ADF Studio tell Microsoft nothing
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// hosts are the host names that are answered, in lower case. A page elsewhere
// can point its own name at 127.0.0.1 (DNS rebinding): the browser then takes
// Andon for a part of that page, and only the Host header tells.
type hosts []string

func newHosts(allowed []string) hosts {
	h := hosts{"localhost", "127.0.0.1", "::1"}
	for _, name := range allowed {
		h = append(h, hostName(name))
	}
	return h
}

func (h hosts) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(h, hostName(r.Host)) {
			newProblem(http.StatusMisdirectedRequest, "This host name is not answered",
				fmt.Sprintf("The request was for host %q. Andon answers localhost, 127.0.0.1 and [::1], and names that it was started with: --allow-host NAME.", clip(r.Host))).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName returns the name in a Host header: without port, brackets and the
// dot that ends a full name, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// sendTimeout bounds how long one answer, or one event of the stream, may
// take to leave.
const sendTimeout = time.Minute

type requestKey struct{}

// requestID returns the id by which the log names the request of ctx.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// observe numbers requests, logs them, bounds how long answers take to leave
// and turns panics into problem documents.
func (a *board) observe(next http.Handler, server string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		ctx := context.WithValue(r.Context(), requestKey{}, id)
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("Server", server)
		watched := &watchedWriter{ResponseWriter: w}
		started := a.now()
		if err := a.extendDeadline(w, sendTimeout); err != nil {
			a.logger.WarnContext(ctx, "an answer has no deadline", "error", err)
		}
		defer func() {
			if cause := recover(); cause != nil {
				a.recovered(ctx, watched, cause)
			}
			a.logger.DebugContext(ctx, "request", "request_id", requestID(ctx), "method", r.Method, "path", r.URL.Path,
				"status", watched.status, "bytes", watched.bytes, "duration", a.now().Sub(started))
		}()
		next.ServeHTTP(watched, r.WithContext(ctx))
	})
}

func (a *board) recovered(ctx context.Context, w *watchedWriter, cause any) {
	if w.err != nil || ctx.Err() != nil {
		panic(http.ErrAbortHandler) // the client is gone; huma panics when it can't write
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	a.logger.ErrorContext(ctx, "a handler panicked", "request_id", requestID(ctx), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	w.Header().Del("Content-Encoding")
	internalProblem(ctx).write(w)
}

// extendDeadline gives what is written next d to leave.
func (a *board) extendDeadline(w http.ResponseWriter, d time.Duration) error {
	err := http.NewResponseController(w).SetWriteDeadline(a.wallClock().Add(d))
	if errors.Is(err, http.ErrNotSupported) {
		return nil // not a connection: a handler called in this process
	}
	return err
}

// watchedWriter remembers what was answered.
type watchedWriter struct {
	http.ResponseWriter
	status int // 0 until the header left
	bytes  int64
	err    error // of the first write that failed
}

// Unwrap gives http.ResponseController the writer below.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the header.
func (w *watchedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *watchedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}
