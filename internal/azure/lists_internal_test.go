package azure

import "testing"

// The token goes to the configured host alone, and the default port is no
// other host.
func TestOwnHost(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		arm, link string
		want      bool
	}{
		{"https://management.azure.com", "https://management.azure.com/x?a=b", true},
		{"https://management.azure.com", "https://management.azure.com:443/x", true},
		{"https://management.azure.com", "https://MANAGEMENT.azure.com:443/x", true},
		{"https://management.azure.com:443", "https://management.azure.com/x", true},
		{"https://127.0.0.1:8443", "https://127.0.0.1:8443/x", true},
		{"https://[::1]", "https://[::1]:443/x", true},
		{"https://management.azure.com", "https://management.azure.com:8443/x", false},
		{"https://management.azure.com", "http://management.azure.com/x", false},
		{"https://management.azure.com", "http://management.azure.com:443/x", false},
		{"https://127.0.0.1:8443", "https://127.0.0.1:443/x", false},
		{"https://127.0.0.1:8443", "https://127.0.0.1/x", false},
		{"https://management.azure.com", "https://management.azure.com.evil.example:443/x", false},
		{"https://management.azure.com", "https://management.azure.com:443@evil.example/x", false},
		{"https://management.azure.com", "https://me@management.azure.com:443/x", false},
		{"https://management.azure.com", "/x", false},
		{"https://management.azure.com", "https://management.azure.com:port/x", false},
	} {
		c := &Client{armURL: tc.arm}
		if got := c.ownHost(tc.link); got != tc.want {
			t.Errorf("%s leads from %s: %t, want %t", tc.link, tc.arm, got, tc.want)
		}
	}
}
