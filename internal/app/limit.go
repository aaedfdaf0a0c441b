package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"andon/internal/api"
)

// mostConnections bounds the connections to the board, where the system allows
// as many: half of its file descriptors are left for the store and for Azure.
const mostConnections = 1024

// connectionLimit returns how many connections the board takes on. Example:
// with 512 file descriptors it is 256.
func connectionLimit() int { return min(mostConnections, descriptorLimit()/2) }

// streamLimit returns how many of them may be live streams, which keep theirs:
// the other half answers everything else.
func streamLimit() int { return min(api.MaxStreams, connectionLimit()/2) }

const (
	refusals      = 16          // connections that were refused and wait for their client to close
	refusalTime   = time.Second // for one of them
	refusalReport = time.Minute // between two lines about them
)

// limitedListener accepts a bounded number of connections. A further one is
// answered with 503 and closed, so that its client knows what is wrong: in the
// queue of the system it would wait without an answer.
type limitedListener struct {
	*net.TCPListener

	open     chan struct{} // holds a value for each connection
	refusing chan struct{} // holds a value for each that was refused and is not closed yet
	logger   *slog.Logger
	refused  rate.Sometimes
	failed   rate.Sometimes
}

func limitListener(l *net.TCPListener, most int, logger *slog.Logger) *limitedListener {
	return &limitedListener{
		TCPListener: l, open: make(chan struct{}, most), refusing: make(chan struct{}, refusals), logger: logger,
		refused: rate.Sometimes{Interval: refusalReport}, failed: rate.Sometimes{Interval: refusalReport},
	}
}

// Accept returns the next connection within the limit.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			l.report(err)
			return nil, err
		}
		select {
		case l.open <- struct{}{}:
			return &limitedConn{TCPConn: c, open: l.open}, nil
		default:
			l.refuse(c)
		}
	}
}

// report logs that connections can't be accepted. net/http tries again.
func (l *limitedListener) report(err error) {
	if errors.Is(err, net.ErrClosed) {
		return
	}
	l.failed.Do(func() {
		l.logger.Warn("connections can't be accepted; further ones fail without a line for a minute. Allow the process more open files (ulimit -n)", "error", err)
	})
}

func (l *limitedListener) refuse(c *net.TCPConn) {
	l.refused.Do(func() {
		l.logger.Warn("a connection was refused: all are in use; further ones are refused without a line for a minute", "most", cap(l.open))
	})
	if err := c.SetDeadline(time.Now().Add(refusalTime)); err != nil {
		_ = c.Close() // its client is gone
		return
	}
	select {
	case l.refusing <- struct{}{}:
		go func() {
			defer func() { <-l.refusing }()
			answerRefused(c, cap(l.open))
		}()
	default:
		sendRefusal(c, cap(l.open))
		_ = c.Close() // some clients then don't see the answer
	}
}

// answerRefused waits for the first byte of the request before it answers it,
// since HTTP clients take an answer without a request for an error, and closes
// the connection when the client does or at the deadline: closing before would
// take the answer away.
func answerRefused(c *net.TCPConn, most int) {
	defer c.Close() //nolint:errcheck // its client gets no more
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return
	}
	sendRefusal(c, most)
	_, _ = io.Copy(io.Discard, io.LimitReader(c, 64<<10))
}

// sendRefusal answers whatever request comes. It waits for nothing: the answer
// fits into the buffer of a new connection.
func sendRefusal(c *net.TCPConn, most int) {
	body := fmt.Sprintf(`{"type":"about:blank","title":"Too many connections","status":503,"detail":"All %d connections of this server are in use. Close those that are not needed, or try again in 5 seconds.","errors":[]}`, most)
	head := fmt.Sprintf("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\nRetry-After: 5\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n", len(body))
	if _, err := io.WriteString(c, head+body); err == nil {
		_ = c.CloseWrite() // its client is gone when this fails
	}
}

// limitedConn gives its place back when it is closed first.
type limitedConn struct {
	*net.TCPConn

	open chan struct{}
	once sync.Once
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	err := c.TCPConn.Close()
	c.once.Do(func() { <-c.open })
	return err
}
