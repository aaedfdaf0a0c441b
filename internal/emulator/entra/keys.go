package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by its definition (RFC 7515 §4.1.7); nothing is trusted by it alone
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// keyBits is the size of Entra's own signing keys.
const keyBits = 2048

// signingKey signs tokens and is published in a key set.
type signingKey struct {
	id string
	// thumbprint is the x5t under which Entra names its key a second time;
	// empty for a cluster's key, which has no certificate.
	thumbprint string
	private    *rsa.PrivateKey
}

// newSigningKey makes a key that lives as long as the process.
func newSigningKey(hasThumbprint bool) (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	k := &signingKey{id: encodeSegment(sum[:20]), private: private}
	if hasThumbprint {
		k.thumbprint = k.id // as in Entra's version 1 tokens
	}
	return k, nil
}

// jsonWebKey is the public half as RFC 7517 writes it.
type jsonWebKey struct {
	KeyType    string `json:"kty"`
	Use        string `json:"use"`
	Algorithm  string `json:"alg,omitempty"`
	KeyID      string `json:"kid"`
	Thumbprint string `json:"x5t,omitempty"`
	Modulus    string `json:"n"`
	Exponent   string `json:"e"`
}

func (k *signingKey) public() jsonWebKey {
	return jsonWebKey{
		KeyType: "RSA", Use: "sig", Algorithm: algorithmRS256, KeyID: k.id, Thumbprint: k.thumbprint,
		Modulus:  encodeSegment(k.private.N.Bytes()),
		Exponent: encodeSegment(big.NewInt(int64(k.private.E)).Bytes()),
	}
}

// KeyPair is a certificate that was made for an application, with its key.
type KeyPair struct {
	Certificate *x509.Certificate
	// PEM holds the certificate and its private key, as clients want them in
	// one file.
	PEM []byte
}

// NewKeyPair makes a self-signed certificate with an RSA key.
func NewKeyPair(name string, notBefore, notAfter time.Time) (*KeyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make the key of certificate %s: %w", name, err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(notBefore.Unix()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"andon emulate"}},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, fmt.Errorf("make certificate %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate %s back: %w", name, err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode the key of certificate %s: %w", name, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &KeyPair{
		Certificate: certificate,
		PEM:         append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...),
	}, nil
}

// Thumbprint is the SHA-1 thumbprint of a certificate, as portals and error
// texts show it.
func Thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw) //nolint:gosec // see the import
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func thumbprintSHA256(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// thumbprintText turns the thumbprint of a header into the form of error
// texts. Libraries encode it with either alphabet, padded or not: MSAL for Go
// writes standard base64 where RFC 7515 asks for base64url. Empty when it is
// neither.
func thumbprintText(encoded string) string {
	encoded = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(encoded), "=")
	sum, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}
