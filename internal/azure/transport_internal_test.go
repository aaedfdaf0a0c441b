package azure

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	read := func(text string, limit int64) (string, error) {
		got, err := io.ReadAll(&boundedBody{body: io.NopCloser(strings.NewReader(text)), left: limit})
		return string(got), err
	}
	if got, err := read("12345", 5); got != "12345" || err != nil {
		t.Errorf("at the limit: %q, %v", got, err)
	}
	if _, err := read("123456", 5); !errors.Is(err, errTooLarge) {
		t.Errorf("beyond the limit: %v, want %v", err, errTooLarge)
	}
	broken := &boundedBody{body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), left: 5}
	_, err := io.ReadAll(broken)
	if _, ok := errors.AsType[*bodyError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken body: %v, want a *bodyError around the cause", err)
	}
}

func TestProxySettings(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]bool{
		"": true, "http://proxy.example:3128": true, "proxy.example:3128": true, "https://u:p@proxy": true, "socks5://127.0.0.1:1080": true,
		"http://": false, "http://a b": false, "a b:1": false, "http://[::1": false,
	} {
		if got := isProxy(setting); got != want {
			t.Errorf("%q: %t, want %t", setting, got, want)
		}
	}
}
