package emulator

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// identity is an app registration with one client secret.
type identity struct {
	clientID string
	// objectID is that of the service principal, which Azure names in its
	// refusals beside the client id.
	objectID string
	secret   string
	what     string
	// isSecretExpired makes the right secret answer AADSTS7000222.
	isSecretExpired bool
	// mayQuery is whether the role holds the actions of the run queries.
	// Reading factories and single runs needs no action.
	mayQuery bool
}

// newIdentities returns the tenant's identities, the main one first. They are
// the same for the same seed, so that a script's environment outlives a
// restart.
func newIdentities(seed int64) []*identity {
	ids := []*identity{
		{what: "may read and query every factory", mayQuery: true},
		{what: "may read every factory but not query its runs: 403 AuthorizationFailed on queryPipelineRuns and queryActivityRuns"},
		{what: "its client secret has expired: AADSTS7000222 instead of a token", mayQuery: true, isSecretExpired: true},
	}
	for n, id := range ids {
		id.clientID = seededGUID(seed, "client", n)
		id.objectID = seededGUID(seed, "principal", n)
		id.secret = seededSecret(seed, n)
	}
	return ids
}

func seededSum(seed int64, kind string, n int) [sha256.Size]byte {
	return sha256.Sum256([]byte("andon emulator " + kind + " " + strconv.FormatInt(seed, 10) + " " + strconv.Itoa(n)))
}

func seededGUID(seed int64, kind string, n int) string {
	sum := seededSum(seed, kind, n)
	return formatGUID([16]byte(sum[:16]))
}

// formatGUID prints b as a random (version 4) GUID.
func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// isGUID reports whether s has the form 8-4-4-4-12 of hexadecimal digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
				return false
			}
		}
	}
	return true
}

// seededSecret has the look of Entra's client secrets: 40 characters with
// "8Q~" after the third.
func seededSecret(seed int64, n int) string {
	sum := seededSum(seed, "secret", n)
	text := strings.NewReplacer("-", ".", "_", "~").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))
	return text[:3] + "8Q~" + text[3:37]
}
