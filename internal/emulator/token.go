package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// tokenLife is what Entra gives by default, less the second it takes off
// expires_in.
const tokenLife = time.Hour

// claims are those of a version 1 access token that Resource Manager reads.
type claims struct {
	Audience string `json:"aud"`
	Issuer   string `json:"iss"`
	IssuedAt int64  `json:"iat"`
	NotAfter int64  `json:"exp"`
	NotYet   int64  `json:"nbf"`
	AppID    string `json:"appid"`
	ObjectID string `json:"oid"`
	TenantID string `json:"tid"`
	Version  string `json:"ver"`
}

// tokenSigner issues and checks access tokens: JSON Web Tokens signed with
// ES256 by a key that lives as long as the process.
type tokenSigner struct {
	tenantID string
	key      *ecdsa.PrivateKey
	keyID    string
	now      func() time.Time
}

func newTokenSigner(tenantID string, now func() time.Time) (*tokenSigner, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the tenant's signing key: %w", err)
	}
	return &tokenSigner{tenantID: tenantID, key: key, keyID: rand.Text(), now: now}, nil
}

// publicKey is the key as a JSON Web Key (RFC 7517).
func (s *tokenSigner) publicKey() map[string]string {
	size := (s.key.Curve.Params().BitSize + 7) / 8
	coordinate := func(n *big.Int) string { return encodeSegment(n.FillBytes(make([]byte, size))) }
	return map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": s.keyID,
		"x": coordinate(s.key.X), "y": coordinate(s.key.Y),
	}
}

func issuerOf(tenantID string) string { return "https://sts.windows.net/" + tenantID + "/" }

func (s *tokenSigner) issue(id *identity, audience string) (string, error) {
	now := s.now()
	header, err := json.Marshal(map[string]string{"typ": "JWT", "alg": "ES256", "kid": s.keyID})
	if err != nil {
		return "", fmt.Errorf("encode the token's header: %w", err)
	}
	body, err := json.Marshal(claims{
		Audience: audience,
		Issuer:   issuerOf(s.tenantID),
		IssuedAt: now.Unix(),
		NotYet:   now.Unix(),
		NotAfter: now.Add(tokenLife).Unix(),
		AppID:    id.clientID,
		ObjectID: id.objectID,
		TenantID: s.tenantID,
		Version:  "1.0",
	})
	if err != nil {
		return "", fmt.Errorf("encode the token's claims: %w", err)
	}
	signed := encodeSegment(header) + "." + encodeSegment(body)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return signed + "." + encodeSegment(signature[:]), nil
}

// check returns the claims of a token that Resource Manager accepts, or why it
// does not. Issuer and audience are looked at before the signature, so that a
// real token of another tenant is told apart from a broken one.
func (s *tokenSigner) check(token string) (claims, *armError) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errInvalidToken(s.tenantID)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, errInvalidToken(s.tenantID)
	}
	if c.Issuer != issuerOf(s.tenantID) {
		return c, errTokenTenant(s.tenantID, c.Issuer)
	}
	if !slices.Contains(armAudiences(), c.Audience) {
		return c, errTokenAudience(s.tenantID, c.Audience)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return c, errInvalidToken(s.tenantID)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, v := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(&s.key.PublicKey, sum[:], r, v) {
		return c, errInvalidToken(s.tenantID)
	}
	if now := s.now(); now.Unix() >= c.NotAfter {
		return c, errTokenExpired(s.tenantID, time.Unix(c.NotAfter, 0), now)
	}
	return c, nil
}

func encodeSegment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// armAudiences are the spellings under which clients ask for Resource Manager
// and that it accepts: Azure's default clouds use the old host with a slash.
func armAudiences() []string {
	return []string{
		"https://management.azure.com",
		"https://management.azure.com/",
		"https://management.core.windows.net",
		"https://management.core.windows.net/",
	}
}

// audienceOf returns the audience that the scopes ask for, and false when none
// of them is Resource Manager's. Clients add openid, profile and offline_access.
func audienceOf(scopes string) (string, bool) {
	for scope := range strings.FieldsSeq(scopes) {
		audience, isDefault := strings.CutSuffix(scope, "/.default")
		if isDefault && slices.Contains(armAudiences(), audience) {
			return audience, true
		}
	}
	return "", false
}
