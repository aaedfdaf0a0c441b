package app

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ask sends a request over a connection of its own, and leaves it open. It
// returns the status.
func ask(t *testing.T, address string) (int, func()) {
	t.Helper()
	transport := &http.Transport{}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	resp, err := client.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, transport.CloseIdleConnections
}

// TestConnectionsAreBounded: the third connection of two is refused in words,
// with one line in the log, and one that ends leaves its place.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	var log logged
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	limited := limitListener(l, 2, slog.New(slog.NewTextHandler(&log, nil)))
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	served := make(chan error)
	go func() { served <- server.Serve(limited) }()
	defer func() {
		if err := errors.Join(server.Close(), <-served); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	address := l.Addr().String()
	first, closeFirst := ask(t, address)
	second, closeSecond := ask(t, address)
	defer closeSecond()
	if first != http.StatusOK || second != http.StatusOK {
		t.Fatalf("the first two were answered %d and %d", first, second)
	}
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("an answer came before its request: %d bytes, %v", n, err)
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") || !strings.Contains(string(answer), "\r\nRetry-After: 5\r\n") ||
			!strings.Contains(string(answer), "All 2 connections of this server are in use. Close those that are not needed, or try again in 5 seconds.") {
			t.Errorf("a third connection was answered %q, %v", answer, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "a connection was refused"); n != 1 {
		t.Errorf("the log has %d lines of three refusals: %s", n, log.String())
	}
	closeFirst()
	for { // until the server has noticed
		again, closeAgain := ask(t, address)
		closeAgain()
		if again == http.StatusOK {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("no place became free")
		}
	}
}

func TestFailedAcceptsAreReported(t *testing.T) {
	t.Parallel()
	var log logged
	l := limitListener(nil, 1, slog.New(slog.NewTextHandler(&log, nil)))
	l.report(net.ErrClosed) // the orderly end
	for range 3 {
		l.report(&net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE})
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "too many open files") || !strings.Contains(got, "ulimit -n") {
		t.Errorf("the log says %s", got)
	}
}

func TestConnectionsLeaveRoomForOtherFiles(t *testing.T) {
	t.Parallel()
	if most, files := connectionLimit(), descriptorLimit(); most < 1 || most > mostConnections || most > files/2 || streamLimit() < 1 || streamLimit() > most/2 {
		t.Errorf("%d connections with %d files, %d of them streams", most, files, streamLimit())
	}
}
