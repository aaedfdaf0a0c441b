package azure

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// newCredential makes the credential that cfg describes. Every further kind
// of identity is one more case here.
func newCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	switch {
	case cfg.TenantID == "":
		return nil, configError(cfg, "the tenant's id is missing", "give tenantId, or AZURE_TENANT_ID in the environment")
	case cfg.ClientID == "":
		return nil, configError(cfg, "the application's id is missing", "give clientId, or AZURE_CLIENT_ID in the environment")
	case cfg.Secret != "" && cfg.CertificateFile != "":
		return nil, configError(cfg, "there are a client secret and a certificate", "give one of the two")
	case cfg.Secret != "":
		return secretCredential(cfg, common)
	case cfg.CertificateFile != "":
		return certificateCredential(cfg, common)
	default:
		return nil, configError(cfg, "there is neither a client secret nor a certificate", "give clientSecret, clientSecretFile or certificateFile, or AZURE_CLIENT_SECRET in the environment")
	}
}

func secretCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	credential, err := azidentity.NewClientSecretCredential(cfg.TenantID, cfg.ClientID, string(cfg.Secret),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            common,
			DisableInstanceDiscovery: cfg.Cloud.complete().customAuthority(),
		})
	if err != nil {
		return nil, badTenant(cfg)
	}
	return credential, nil
}

func certificateCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	bad := func(what, advice string) *Error {
		return &Error{Kind: KindBadCertificate, Call: tokenCall, Where: "source " + cfg.Name + ", file " + cfg.CertificateFile, What: what, Advice: advice}
	}
	file, err := os.ReadFile(cfg.CertificateFile)
	if err != nil {
		e := bad("the certificate can't be read", "check that the file exists and that Andon's user may read it")
		e.cause = err
		return nil, e
	}
	certificates, key, err := readCertificates(file, string(cfg.CertificatePassword))
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && cfg.CertificatePassword == "":
		return nil, bad("the file asks for a password", "give it as AZURE_CLIENT_CERTIFICATE_PASSWORD")
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, bad("the password does not open the file", "check AZURE_CLIENT_CERTIFICATE_PASSWORD")
	case err != nil:
		// The parser's error is not kept: it may quote the file.
		return nil, bad("the file holds no certificate with a private key that can be opened", "give PEM without a password, or PKCS#12 with AZURE_CLIENT_CERTIFICATE_PASSWORD")
	}
	credential, err := azidentity.NewClientCertificateCredential(cfg.TenantID, cfg.ClientID, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{
			ClientOptions:            common,
			DisableInstanceDiscovery: cfg.Cloud.complete().customAuthority(),
		})
	if err != nil {
		return nil, bad("the certificate and the private key can't be used together", "give the RSA key that belongs to the certificate, and check the tenant's id")
	}
	return credential, nil
}

// readCertificates reads PEM, or else PKCS#12: also that of today's OpenSSL
// and Windows, AES with a SHA-256 MAC, which azidentity can't open.
func readCertificates(file []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	if bytes.Contains(file, []byte("-----BEGIN ")) {
		return azidentity.ParseCertificates(file, nil)
	}
	key, leaf, chain, err := pkcs12.DecodeChain(file, password)
	if err != nil {
		return nil, nil, err
	}
	return append([]*x509.Certificate{leaf}, chain...), key, nil
}

// badTenant explains the only thing that the library's constructor refuses
// once the other fields are there.
func badTenant(cfg Config) *Error {
	return configError(cfg, "the tenant's id is not one", "give the tenant's GUID or its domain, from Entra ID's overview page")
}
