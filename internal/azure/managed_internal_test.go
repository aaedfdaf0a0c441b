package azure

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// HTTPOf lends a client's own way to its hosts to tests of package azure_test.
func HTTPOf(c *Client) *http.Client { return c.http }

// detour leads every request to another host: the address of the machines'
// endpoint is fixed, and a test must never ask there.
type detour struct{ host string }

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.URL.Host != "169.254.169.254" {
		return nil, errors.New("asked " + r.URL.Host)
	}
	r.URL.Host, r.Host = d.host, d.host
	return http.DefaultTransport.RoundTrip(r)
}

// TestAMachineAsksItsOwnEndpoint is the form of Azure's virtual machines
// (azure-client.md (b)).
func TestAMachineAsksItsOwnEndpoint(t *testing.T) {
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"} {
		t.Setenv(name, "")
	}
	var asked url.Values
	var status int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		w.Header().Set("Content-Type", "application/json")
		if status != http.StatusOK || r.Header.Get("Metadata") != "true" || r.URL.Path != "/metadata/identity/oauth2/token" {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"Identity not found"}`)) // the client checks what it got
			return
		}
		_, _ = w.Write([]byte(`{"access_token":"t0ken","client_id":"c","expires_in":"240","expires_on":"` +
			// Too short for the library's cache, which outlives the test.
			strconv.FormatInt(time.Now().Add(4*time.Minute).Unix(), 10) + `","resource":"https://management.azure.com","token_type":"Bearer"}`)) // as above
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections) //nolint:forcetypeassert // it is one
	way := detour{server.Listener.Addr().String()}
	for _, clientID := range []string{"", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"} {
		credential, err := managedVia(Config{Name: "vm", ClientID: clientID}, azpolicy.ClientOptions{Retry: azpolicy.RetryOptions{MaxRetries: -1}}, way)
		if err != nil {
			t.Fatal(err)
		}
		scope := azpolicy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
		status = http.StatusBadRequest
		_, err = credential.GetToken(t.Context(), scope)
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindUnauthorized || e.Advice == "" {
			t.Errorf("client %q, no identity: %v", clientID, err)
		}
		status = http.StatusOK
		token, err := credential.GetToken(t.Context(), scope)
		if err != nil || token.Token != "t0ken" {
			t.Errorf("client %q: %q, %v", clientID, token.Token, err)
		}
		if asked.Get("resource") != "https://management.azure.com" || asked.Get("client_id") != clientID || asked.Get("api-version") == "" {
			t.Errorf("client %q asked for %v", clientID, asked)
		}
	}
}
