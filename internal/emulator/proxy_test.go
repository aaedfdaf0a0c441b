package emulator_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestTheProxyLeadsAzuresNamesHere(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	proxy, err := url.Parse(b.info.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: b.tls.Clone(), Proxy: http.ProxyURL(proxy), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	b.client.CloseIdleConnections()
	b.client.Transport = transport
	a := b.do("POST", "https://login.microsoftonline.com/"+b.info.TenantID+"/oauth2/v2.0/token", b.form().Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	b.decode(a, http.StatusOK, &token)
	a = b.do("GET", "https://management.azure.com/subscriptions?api-version=2022-12-01", "", "Authorization", "Bearer "+token.AccessToken)
	if a.status != http.StatusOK {
		t.Errorf("subscriptions: %d %s", a.status, a.body)
	}
	for _, address := range []string{"https://example.com/", "https://management.azure.com:8443/"} {
		if _, err := b.try("GET", address, ""); err == nil || !strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("%s: got %v, want Forbidden", address, err)
		}
	}
	a = b.do("GET", "http://example.com/", "")
	if a.status != http.StatusForbidden || !strings.Contains(string(a.body), "CONNECT proxy") {
		t.Errorf("plain http: %d %s", a.status, a.body)
	}
}

func TestStopEndsOpenTunnels(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(b.info.Proxy, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // Stop has most likely closed it
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("CONNECT management.azure.com:443 HTTP/1.1\r\nHost: management.azure.com:443\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	n, err := conn.Read(buf)
	if err != nil || !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 200")) {
		t.Fatalf("%q %v", buf[:n], err)
	}
	if err := b.emu.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(buf); err == nil {
		t.Error("the tunnel is open after Stop")
	}
}

// TestTheBlogsCurlCommands runs two published commands as they stand, with
// nothing but the proxy and the CA file in the environment.
func TestTheBlogsCurlCommands(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	curl := func(script string) []byte {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "HTTPS_PROXY=" + b.info.Proxy, "CURL_CA_BUNDLE=" + b.info.CAFile}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		return out
	}
	seg := strings.Split(b.info.Factories[0], "/")
	fill := strings.NewReplacer("<tenantId>", b.info.TenantID, "<clientId>", b.info.ClientID, "<clientSecret>", b.info.ClientSecret,
		"<subscriptionId>", seg[2], "<resourceGroup>", seg[4], "<factoryName>", seg[8])
	var token struct {
		TokenType   string `json:"token_type"`
		AccessToken string `json:"access_token"`
	}
	out := curl(fill.Replace(`curl --request POST \
--url https://login.microsoftonline.com/<tenantId>/oauth2/v2.0/token \
--header 'content-type: application/x-www-form-urlencoded' \
--data 'client_id=<clientId>' \
--data 'client_secret=<clientSecret>' \
--data scope=https://management.azure.com/.default \
--data grant_type=client_credentials`))
	if err := json.Unmarshal(out, &token); err != nil || token.AccessToken == "" {
		t.Fatalf("%v in %s", err, out)
	}
	out = curl(strings.Replace(fill.Replace(`curl --request POST \
--url 'https://management.azure.com/subscriptions/<subscriptionId>/resourceGroups/<resourceGroup>/providers/Microsoft.DataFactory/factories/<factoryName>/queryPipelineRuns?api-version=2018-06-01' \
--header 'authorization: Bearer eyJ0eXAiO....'`), "eyJ0eXAiO....", token.AccessToken, 1))
	var runs page
	if err := json.Unmarshal(out, &runs); err != nil || len(runs.Value) == 0 || runs.Value[0]["runId"] == "" {
		t.Fatalf("%v in %.400s", err, out)
	}
}

func TestExportsAreShellLines(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's a folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(dir, "ca.pem")
	b := setup(t, emulator.Options{CAOut: ca})
	script := b.info.Exports() + `
printf '%s\n' "$AZURE_TENANT_ID" "$AZURE_CLIENT_ID" "$AZURE_CLIENT_SECRET" "$HTTPS_PROXY" "$SSL_CERT_FILE" "$CURL_CA_BUNDLE" "$NODE_EXTRA_CA_CERTS" "$REQUESTS_CA_BUNDLE"`
	out, err := exec.CommandContext(t.Context(), "sh", "-euc", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := strings.Join([]string{b.info.TenantID, b.info.ClientID, b.info.ClientSecret, b.info.Proxy, ca, ca, ca, ca, ""}, "\n")
	if string(out) != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}
