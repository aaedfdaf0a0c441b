package azure_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/azure"
)

// certificateFile writes a certificate with its key, made on the spot.
func certificateFile(t *testing.T) string {
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
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := pem.Encode(&text, block); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "andon.pem")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestACertificateSignsTheTokenRequest(t *testing.T) {
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
	cfg.Secret, cfg.CertificateFile = "", certificateFile(t)
	if _, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), factory, window()); err != nil {
		t.Fatal(err)
	}
	if want := "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"; form != want {
		t.Errorf("client_assertion_type = %q, want %q", form, want)
	}
	if want := "https://management.azure.com/.default"; !strings.Contains(scope, want) {
		t.Errorf("scope = %q, want it to hold %q", scope, want)
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
