package emulator_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"andon/internal/emulator"
)

// BenchmarkPages reads a whole history page by page over TLS, without decoding
// more than the token.
func BenchmarkPages(b *testing.B) {
	emu, err := emulator.New(emulator.Options{
		Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0",
		Size: 100_000, Limits: "off",
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := emu.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := emu.Stop(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	s := benchClient(b, emu.Info())
	rows := 0
	for b.Loop() {
		body := everything
		for body != "" {
			page := s.post(b, emu.Info().ResourceManager+emu.Info().Factories[0]+"/queryPipelineRuns?api-version=2018-06-01", body)
			rows += bytes.Count(page, []byte(`"debugRunId"`))
			body = ""
			if _, after, ok := bytes.Cut(page, []byte(`"continuationToken":`)); ok {
				body = strings.TrimSuffix(everything, "}") + `,"continuationToken":` + string(after)
			}
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

type benchReader struct {
	client *http.Client
	bearer string
}

func benchClient(b *testing.B, info emulator.Info) *benchReader {
	b.Helper()
	u := newBundle(b, info)
	b.Cleanup(u.client.CloseIdleConnections)
	return &benchReader{u.client, "Bearer " + u.token(info.ClientID, info.ClientSecret)}
}

func (r *benchReader) post(b *testing.B, address, body string) []byte {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", r.bearer)
	res, err := r.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	err = errors.Join(err, res.Body.Close())
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%d %v %.200s", res.StatusCode, err, page)
	}
	return page
}
