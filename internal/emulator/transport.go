package emulator

import (
	"net/http"
	"time"
)

// How faults break the way an answer takes.

// is reports whether f, which may be nil, is of that kind.
func (f *fault) is(kind string) bool { return f != nil && f.kind.name == kind }

// replaces reports whether f, which may be nil, puts an answer of its own in
// place of the right one.
func (f *fault) replaces() bool {
	if f == nil {
		return false
	}
	switch f.kind.name {
	case faultReset, faultCut, faultHang, faultSlow, faultDrip, faultSkew:
		return false
	default:
		return true
	}
}

// delayed waits as f, which may be nil, wants it, and returns whether there is
// an answer at all.
func delayed(w http.ResponseWriter, c *call, f *fault) bool {
	switch {
	case f.is(faultReset):
		return false
	case f.is(faultHang):
		wait(w, c, f.delay)
		return false
	case f.is(faultSlow):
		return wait(w, c, f.delay)
	default:
		return true
	}
}

// wait lets d pass, and returns false when the client left or the emulator
// stopped before.
func wait(w http.ResponseWriter, c *call, d time.Duration) bool {
	// The server's own limit would otherwise end what is meant to last.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.request.Context().Done():
		return false
	}
}

// writeHalf sends half of what was announced and breaks off.
func writeHalf(w http.ResponseWriter, body []byte) {
	_, _ = w.Write(body[:len(body)/2]) // it fails when the client left: nobody is there to be told
	// What was written must have left before the connection breaks; a client
	// that left first needs neither.
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drips is how many pieces a dripping answer comes in.
const drips = 20

func drip(w http.ResponseWriter, c *call, body []byte, whole time.Duration) {
	piece := max(1, (len(body)+drips-1)/drips)
	for len(body) > 0 {
		n := min(piece, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		body = body[n:]
		_ = http.NewResponseController(w).Flush() // a client that left needs none
		if !wait(w, c, whole/drips) {
			panic(http.ErrAbortHandler)
		}
	}
}

// abort ends the connection without an answer: a TCP reset under HTTP/1.1, a
// stream reset under HTTP/2.
func abort(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			resetConn(conn)
			return
		}
	}
	panic(http.ErrAbortHandler)
}
