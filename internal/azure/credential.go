package azure

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// credentialKind is one of the ways in which a source may prove who it is.
type credentialKind struct {
	name    string // for people, with its article
	isGiven bool
	// needsTenant and needsClient are whether the tenant and the application
	// have to be named; the machine or the login knows them otherwise.
	needsTenant, needsClient bool
	make                     func(Config, azpolicy.ClientOptions) (azcore.TokenCredential, error)
}

// credentialKinds lists every kind. A further one is one more row here.
func credentialKinds(cfg Config) []credentialKind {
	return []credentialKind{
		{"a client secret", cfg.Secret != "", true, true, secretCredential},
		{"a file with a client secret", cfg.SecretFile != "", true, true, secretFileCredential},
		{"a certificate", cfg.CertificateFile != "", true, true, certificateCredential},
		{"a federated token", cfg.FederatedTokenFile != "", true, true, federatedCredential},
		{"a managed identity", cfg.ManagedIdentity, false, false, managedCredential},
		{"the Azure CLI", cfg.AzureCLI, false, false, cliCredential},
	}
}

// newCredential makes the credential that cfg describes, which has to be of
// exactly one kind.
func newCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	var given []credentialKind
	var names []string
	for _, k := range credentialKinds(cfg) {
		if k.isGiven {
			given, names = append(given, k), append(names, k.name)
		}
	}
	switch {
	case len(given) == 0 && cfg.TenantID == "":
		return nil, configError(cfg, "the tenant's id is missing", "give tenantId, or AZURE_TENANT_ID in the environment")
	case len(given) == 0:
		return nil, configError(cfg, "nothing proves who the source is", "give one of clientSecret, clientSecretFile, certificateFile, federatedTokenFile, managedIdentity and azureCli, or AZURE_CLIENT_SECRET in the environment")
	case len(given) == 2:
		return nil, configError(cfg, "there are "+strings.Join(names, " and "), "give one of the two")
	case len(given) > 2:
		return nil, configError(cfg, "there are "+strings.Join(names[:len(names)-1], ", ")+" and "+names[len(names)-1], "give one of them")
	case given[0].needsTenant && cfg.TenantID == "":
		return nil, configError(cfg, "the tenant's id is missing, which "+names[0]+" needs", "give tenantId, or AZURE_TENANT_ID in the environment")
	case given[0].needsClient && cfg.ClientID == "":
		return nil, configError(cfg, "the application's id is missing, which "+names[0]+" needs", "give clientId, or AZURE_CLIENT_ID in the environment")
	}
	return given[0].make(cfg, common)
}

// explained is a credential whose failures are told here: those of the SDK
// hold texts of others, which may be anything, and bodies.
type explained struct {
	azcore.TokenCredential

	// explain returns nil for what tokenRefused and unreachable explain.
	explain func(context.Context, error) *Error
}

// GetToken implements azcore.TokenCredential. Its error is an *Error, but for
// what explain leaves to others.
func (e explained) GetToken(ctx context.Context, options azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := e.TokenCredential.GetToken(ctx, options)
	if err == nil {
		return token, nil
	}
	if told := e.explain(ctx, err); told != nil {
		return token, told
	}
	return token, err
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

// secretFileCredential takes the secret from a file. White space around it is
// no part of it.
func secretFileCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	content, err := os.ReadFile(cfg.SecretFile)
	if err != nil || len(bytes.TrimSpace(content)) == 0 {
		return nil, &Error{
			Kind: KindConfig, Call: TokenCall, Where: "source " + cfg.Name + ", file " + cfg.SecretFile, What: "the client secret can't be read, or the file is empty",
			Advice: "check that the file exists, holds the secret and may be read by Andon's user", Command: lookAtFile(cfg.SecretFile), cause: err,
		}
	}
	return newRenewed(cfg, cfg.SecretFile, content, func(content []byte) (azcore.TokenCredential, error) {
		of := cfg
		if of.Secret = Secret(bytes.TrimSpace(content)); of.Secret == "" {
			return nil, configError(cfg, "the file of the client secret is empty", "write the secret into it")
		}
		return secretCredential(of, common)
	})
}

func certificateCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	file, err := os.ReadFile(cfg.CertificateFile)
	if err != nil {
		e := badCertificate(cfg, "the certificate can't be read", "check that the file exists and that Andon's user may read it")
		e.cause, e.Command = err, lookAtFile(cfg.CertificateFile)
		return nil, e
	}
	return newRenewed(cfg, cfg.CertificateFile, file, func(content []byte) (azcore.TokenCredential, error) {
		return certificateOf(cfg, common, content)
	})
}

func badCertificate(cfg Config, what, advice string) *Error {
	return &Error{Kind: KindBadCertificate, Call: TokenCall, Where: "source " + cfg.Name + ", file " + cfg.CertificateFile, What: what, Advice: advice}
}

func certificateOf(cfg Config, common azpolicy.ClientOptions, file []byte) (azcore.TokenCredential, error) {
	bad := func(what, advice string) *Error { return badCertificate(cfg, what, advice) }
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
