package azure

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "17", 17 * time.Second},
		{"Retry-After", "Tue, 24 Nov 2026 12:00:30 GMT", 30 * time.Second},
		{"Retry-After", "Tue, 24 Nov 2026 11:00:30 GMT", 0},
		{"Retry-After", "-5", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After-Ms", "1500", 1500 * time.Millisecond},
		{"X-Ms-Retry-After-Ms", "20", 20 * time.Millisecond},
	} {
		h := http.Header{}
		h.Set(tc.name, tc.value)
		if got := retryAfter(h, now); got != tc.want {
			t.Errorf("%s: %s gives %s, want %s", tc.name, tc.value, got, tc.want)
		}
	}
}

// A person who is logged in to az can log in with MFA.
func TestAnAzLoginWithoutMFAIsToldToLogInAgain(t *testing.T) {
	t.Parallel()
	said := decodeARMError([]byte(`{"error":{"code":"RequestDisallowedByPolicy","message":"Users must authenticate with multi-factor authentication.",
		"additionalInfo":[{"type":"PolicyViolation","info":{"policyDefinitionDisplayName":"Require MFA"}}]}}`))
	c, e := &Client{cfg: Config{AzureCLI: true, TenantID: "t"}}, &Error{Status: http.StatusForbidden}
	c.forbidden(call{}, e, said)
	if e.Command != "az logout\naz login --tenant 't'" || !strings.Contains(e.What, `"Require MFA"`) || !strings.Contains(e.Advice, "service principal") {
		t.Errorf("%+v", e)
	}
}
