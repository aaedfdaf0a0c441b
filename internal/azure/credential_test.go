package azure_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"andon/internal/azure"
)

// certificate makes a certificate with its key.
func certificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "andon"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func asPEM(t *testing.T, c *x509.Certificate, key *rsa.PrivateKey) []byte {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: c.Raw}, {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := pem.Encode(&text, block); err != nil {
			t.Fatal(err)
		}
	}
	return text.Bytes()
}

const pfxPassword = "open-sesame-4711"

// certificateFiles holds every form in which people keep a certificate.
func certificateFiles(t *testing.T) map[string]struct {
	file     []byte
	password string
} {
	t.Helper()
	c, key := certificate(t)
	pfx := func(e *pkcs12.Encoder, password string) []byte {
		file, err := e.Encode(key, c, nil, password)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	return map[string]struct {
		file     []byte
		password string
	}{
		"PEM":                            {asPEM(t, c, key), ""},
		"PKCS#12 of today's tools":       {pfx(pkcs12.Modern2023, pfxPassword), pfxPassword},
		"PKCS#12 of older tools":         {pfx(pkcs12.LegacyDES, pfxPassword), pfxPassword},
		"PKCS#12 with an empty password": {pfx(pkcs12.LegacyDES, ""), ""},
		"PKCS#12 without a password":     {pfx(pkcs12.Passwordless, ""), ""},
	}
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "andon.certificate")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestACertificateSignsTheTokenRequest(t *testing.T) {
	t.Parallel()
	for name, tc := range certificateFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var form, scope string
			s := startAzure(t, func(w http.ResponseWriter, r *http.Request) {
				form, scope = r.PostFormValue("client_assertion_type"), r.PostFormValue("scope")
				if strings.Count(r.PostFormValue("client_assertion"), ".") != 2 || r.PostFormValue("client_secret") != "" {
					t.Error("the token request holds no signed assertion, or a secret")
				}
				sendJSON(w, http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+theToken+`"}`)
			}, nil)
			cfg := s.config(t)
			cfg.Secret, cfg.CertificateFile, cfg.CertificatePassword = "", writeFile(t, tc.file), azure.Secret(tc.password)
			if _, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), factory, window()); err != nil {
				t.Fatal(err)
			}
			if want := "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"; form != want {
				t.Errorf("client_assertion_type = %q, want %q", form, want)
			}
			if want := "https://management.azure.com/.default"; !strings.Contains(scope, want) {
				t.Errorf("scope = %q, want it to hold %q", scope, want)
			}
		})
	}
}

func TestACertificateThatCannotBeOpenedIsRefused(t *testing.T) {
	t.Parallel()
	c, key := certificate(t)
	pfx, err := pkcs12.Modern2023.Encode(key, c, nil, pfxPassword)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		file           []byte
		password, want string
	}{
		"a wrong password":    {pfx, "wrong-" + pfxPassword, "the password does not open the file"},
		"no password":         {pfx, "", "the file asks for a password"},
		"a certificate alone": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), "", "no certificate with a private key"},
		"half a file":         {pfx[:len(pfx)/2], pfxPassword, "no certificate with a private key"},
		"something else":      {[]byte("hello"), "", "no certificate with a private key"},
		"an empty file":       {nil, "", "no certificate with a private key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := startAzure(t, nil, nil).config(t)
			cfg.Secret, cfg.CertificateFile, cfg.CertificatePassword = "", writeFile(t, tc.file), azure.Secret(tc.password)
			_, err := azure.New(cfg)
			failed, ok := errors.AsType[*azure.Error](err)
			if !ok || failed.Kind != azure.KindBadCertificate || !strings.Contains(failed.What, tc.want) || failed.Advice == "" {
				t.Fatalf("error %v, want a bad certificate: %s", err, tc.want)
			}
			if strings.Contains(err.Error(), pfxPassword) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestTheSecretGoesToEntraOnly(t *testing.T) {
	t.Parallel()
	var got string
	s := startAzure(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.PostFormValue("client_secret")
		sendJSON(w, http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+theToken+`"}`)
	}, func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer
		if err := r.Write(&text); err != nil {
			t.Error(err)
		}
		if strings.Contains(text.String(), canary) {
			t.Error("ARM was sent the secret")
		}
		if agent := r.UserAgent(); !strings.HasPrefix(agent, "andon ") {
			t.Errorf("User-Agent = %q, want it to name andon", agent)
		}
		sendJSON(w, http.StatusOK, page(""))
	})
	if _, err := s.client(t).QueryPipelineRuns(t.Context(), factory, window()); err != nil {
		t.Fatal(err)
	}
	if got != canary {
		t.Errorf("Entra ID got %q as the secret", azure.Secret(got))
	}
}
