package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"andon/internal/app"
	"andon/internal/config"
)

// board asks the HTTP API, of a running server or of a store opened in this
// process: commands have one way to the data.
type board struct {
	base   string
	client *http.Client
	close  func() error
}

// boardFlags are the flags by which a command finds its board, and the form
// of its output.
type boardFlags struct{ server, store, output string }

func (b *boardFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.server, "server", "", "address of a running andon (ANDON_SERVER, else http://"+config.DefaultListen+")")
	cmd.Flags().StringVar(&b.store, "store", "", "read this store instead of asking a server: sqlite:PATH")
	cmd.Flags().StringVarP(&b.output, "output", "o", "table", "table, json or csv")
}

func (b *boardFlags) check() error {
	switch b.output {
	case "table", "json", "csv":
	default:
		return usageErrorf("--output: %q is not a form of output: table, json or csv", b.output)
	}
	if b.server != "" && b.store != "" {
		return usageErrorf("--server and --store exclude each other: one asks a running andon, the other reads a file")
	}
	return nil
}

func (b *boardFlags) open(cmd *cobra.Command) (*board, error) {
	if b.store != "" {
		logger, err := newLogger(cmd.ErrOrStderr(), "error")
		if err != nil {
			return nil, err
		}
		handler, closeStore, err := app.Board(cmd.Context(), b.store, app.Options{Logger: logger})
		if err != nil {
			return nil, err
		}
		return &board{base: "http://127.0.0.1", client: &http.Client{Transport: inProcess{handler}}, close: closeStore}, nil
	}
	return openServer(cmp.Or(b.server, os.Getenv("ANDON_SERVER"), "http://"+config.DefaultListen))
}

// openServer returns the board of the server at an address.
func openServer(server string) (*board, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usageErrorf("%q is not the address of a server, such as http://%s", server, config.DefaultListen)
	}
	return &board{
		base: strings.TrimSuffix(server, "/"), client: &http.Client{Timeout: time.Minute},
		close: func() error { return nil },
	}, nil
}

// inProcess answers requests by a handler instead of a network.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header,
		Body: io.NopCloser(&w.body), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// maxAnswerBytes bounds what is read of one answer.
const maxAnswerBytes = 256 << 20

// get asks path with query and returns the body of a good answer. Others are
// errors with the problem document's own words; a 400 is a usage error, since
// the person typed the value.
func (b *board) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return b.ask(ctx, http.MethodGet, path, nil)
}

// post sends a JSON body and returns that of the answer, as get does.
func (b *board) post(ctx context.Context, path string, body any) ([]byte, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", b.base, err)
	}
	return b.ask(ctx, http.MethodPost, path, sent)
}

func (b *board) ask(ctx context.Context, method, path string, sent []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, bytes.NewReader(sent))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", b.base, err)
	}
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.client.Do(req)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			return nil, fmt.Errorf("no andon answers at %s: %w; start one with andon serve, name another with --server, or read a file with --store", b.base, op.Err)
		}
		return nil, fmt.Errorf("ask %s: %w", b.base, err)
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s broke off: %w", b.base, err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusAccepted {
		return body, nil
	}
	problem := problemText(resp, body)
	if resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusUnprocessableEntity {
		return nil, usageErrorf("%s", problem)
	}
	return nil, errors.New(problem)
}

// problemText puts a problem document into one sentence.
func problemText(resp *http.Response, body []byte) string {
	var p struct {
		Title, Detail string
		Errors        []struct{ Location, Message string }
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Detail == "" && p.Title == "" {
		return fmt.Sprintf("%s answered %s, which andon does not", resp.Request.URL.Host, resp.Status)
	}
	parts := []string{p.Detail}
	if p.Detail == "" {
		parts[0] = p.Title
	}
	for _, e := range p.Errors {
		parts = append(parts, strings.TrimPrefix(e.Location+": ", ": ")+e.Message)
	}
	return strings.Join(parts, "; ")
}
