package emulator

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
)

// jsonReply renders v, which is always one of this package's own types. Like
// Data Factory it leaves <, > and & as they are.
func jsonReply(status int, v any) reply {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return reply{status: http.StatusInternalServerError, body: []byte(`{"error":{"code":"InternalServerError","message":"the emulator could not encode its answer"}}`)}
	}
	return reply{status: status, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	return formatGUID(b)
}

// resetConn closes a hijacked connection so that the peer sees a reset rather
// than an end. Errors don't matter: the connection is meant to break.
func resetConn(conn net.Conn) {
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close below is an orderly end, which serves as well
	}
	_ = raw.Close() // nothing is left to do with a broken connection
}
