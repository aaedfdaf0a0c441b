package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestStrictEmulatorWantsBothBounds sees the effect of --strict: the article's
// query, which has no body, is answered without it and refused with it.
func TestStrictEmulatorWantsBothBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   []string
		status int
		text   string
	}{
		{nil, http.StatusOK, `"value":[`},
		{[]string{"--strict"}, http.StatusBadRequest, "The properties 'lastUpdatedAfter' and 'lastUpdatedBefore' are required."},
	} {
		e := startEmulator(t, append([]string{"--size", "300"}, tt.args...)...)
		client := trusting(t, e.CAFile)
		form := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {e.ClientSecret},
			"scope": {"https://management.azure.com/.default"},
		}
		_, body := send(t, client, e.Authority+"/"+e.TenantID+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		var token struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(body, &token); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		status, body := send(t, client, e.ResourceManager+e.Factories[0]+"/queryPipelineRuns?api-version=2018-06-01", "", "Authorization", "Bearer "+token.AccessToken)
		if status != tt.status || !strings.Contains(string(body), tt.text) {
			t.Errorf("%v: %d %.300s", tt.args, status, body)
		}
	}
}

// trusting is a client that trusts the emulator's certificate.
func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func send(t *testing.T, client *http.Client, target, body, header, value string) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}
