package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// The signatures that Entra ID accepts in assertions. It signs its own tokens
// with the first.
const (
	algorithmRS256 = "RS256"
	algorithmPS256 = "PS256"
)

// maxTokenBytes bounds a token that somebody sends in.
const maxTokenBytes = 64 << 10

// signedToken is a JSON Web Token in compact form (RFC 7515 §7.1), taken apart
// and not yet believed.
type signedToken struct {
	header  tokenHeader
	payload []byte
	// signed is what the signature covers.
	signed    string
	signature []byte
}

// tokenHeader is the JOSE header of a token (RFC 7515 §4.1).
type tokenHeader struct {
	Type      string `json:"typ,omitempty"`
	Algorithm string `json:"alg"`
	// Thumbprint and Thumbprint256 name the certificate of a client assertion.
	Thumbprint    string `json:"x5t,omitempty"`
	Thumbprint256 string `json:"x5t#S256,omitempty"`
	KeyID         string `json:"kid,omitempty"`
}

var errNotToken = errors.New("this is no signed JSON Web Token")

// parseToken takes text apart; what it returns is not verified.
func parseToken(text string) (signedToken, error) {
	var t signedToken
	// Go's decoder passes over line ends, which are no part of a token.
	if len(text) > maxTokenBytes || strings.ContainsAny(text, "\r\n") {
		return t, errNotToken
	}
	head, rest, _ := strings.Cut(text, ".")
	body, signature, isWhole := strings.Cut(rest, ".")
	if !isWhole || strings.Contains(signature, ".") {
		return t, errNotToken
	}
	decoder := base64.RawURLEncoding.Strict() // one signature has one spelling
	header, err := decoder.DecodeString(head)
	if err != nil || json.Unmarshal(header, &t.header) != nil {
		return t, errNotToken
	}
	if t.payload, err = decoder.DecodeString(body); err != nil {
		return t, errNotToken
	}
	if t.signature, err = decoder.DecodeString(signature); err != nil {
		return t, errNotToken
	}
	t.signed = head + "." + body
	return t, nil
}

// claims reads the payload, which must be a JSON object, into v.
func (t *signedToken) claims(v any) error {
	if err := json.Unmarshal(t.payload, v); err != nil {
		return errNotToken
	}
	return nil
}

// isSignedBy reports whether key made the signature, under one of the two
// algorithms above. Any other one, "none" and the symmetric ones among them,
// is no signature.
func (t *signedToken) isSignedBy(key *rsa.PublicKey) bool {
	sum := sha256.Sum256([]byte(t.signed))
	switch t.header.Algorithm {
	case algorithmRS256:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) == nil
	case algorithmPS256:
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], t.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
	default:
		return false
	}
}

// isSignedByCertificate is isSignedBy for the key in a certificate.
func (t *signedToken) isSignedByCertificate(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && t.isSignedBy(key)
}

// sign returns claims as a token signed with RS256.
func (k *signingKey) sign(claims any) (string, error) {
	header, err := json.Marshal(tokenHeader{Type: "JWT", Algorithm: algorithmRS256, Thumbprint: k.thumbprint, KeyID: k.id})
	if err != nil {
		return "", fmt.Errorf("encode a token's header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode a token's claims: %w", err)
	}
	signed := encodeSegment(header) + "." + encodeSegment(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed + "." + encodeSegment(signature), nil
}

func encodeSegment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// numericDate is a time in a token: seconds since 1970, whole or not (RFC 7519
// §2). A claim that is left out stays nil where it is a pointer.
type numericDate float64

// time is d within the years that a time can hold.
func (d numericDate) time() time.Time {
	const latest = 253402300799 // the end of the year 9999
	return time.Unix(int64(math.Max(0, math.Min(float64(d), latest))), 0).UTC()
}

// audience is the aud claim: one text, or a list of them.
type audience []string

// UnmarshalJSON accepts both forms (RFC 7519 §4.1.3).
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return fmt.Errorf("the aud claim is neither a text nor a list of them: %w", err)
	}
	*a = many
	return nil
}
