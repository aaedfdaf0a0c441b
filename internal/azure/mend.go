package azure

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// FederationAudience is what the tokens that Entra ID exchanges are for
// (Entra, Workload identity federation).
const FederationAudience = "api://AzureADTokenExchange"

// SetClock sets the clock of a machine with systemd from the network.
const SetClock = "sudo timedatectl set-ntp true"

// certificateExpires returns when the certificate in a source's file expires;
// zero where there is none or it can't be opened, which the credential has
// told.
func certificateExpires(cfg Config) time.Time {
	file, err := os.ReadFile(cfg.CertificateFile)
	if err != nil {
		return time.Time{}
	}
	certificates, key, err := readCertificates(file, string(cfg.CertificatePassword))
	if err != nil {
		return time.Time{}
	}
	signer, ok := key.(crypto.Signer)
	for _, c := range certificates {
		if ok && isKeyOf(c, signer.Public()) {
			return c.NotAfter
		}
	}
	return time.Time{}
}

// CertificateExpires returns when the certificate in the source's file expires,
// zero where it has none. It looks at the file, which may have changed.
func (c *Client) CertificateExpires() time.Time {
	if c.cfg.CertificateFile == "" {
		return time.Time{}
	}
	return certificateExpires(c.cfg)
}

func (c *Client) isCertificateExpired() bool {
	at := c.CertificateExpires()
	return !at.IsZero() && c.now().After(at)
}

// RenewCommand returns commands that make a new secret or certificate beside
// the one that the source has, "" where it has neither.
func (c *Client) RenewCommand() string {
	switch {
	case c.cfg.CertificateFile != "":
		return c.newCertificateCommand()
	case c.cfg.Secret != "" || c.cfg.SecretFile != "":
		return c.tokenCommand(KindExpiredSecret, 0)
	default:
		return ""
	}
}

func isKeyOf(c *x509.Certificate, key crypto.PublicKey) bool {
	own, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(key)
}

// sayPrecisely tells more of a refused credential than Entra ID's code does,
// from what is known here.
func (c *Client) sayPrecisely(e *Error) {
	switch {
	case e.Code == "AADSTS7000215" && isGUID(string(c.cfg.Secret)):
		e.What = "what is given as the client secret is a GUID, so it is the secret's id and not its value (" + e.Code + ")"
	case e.Kind == KindBadCertificate && c.isCertificateExpired():
		e.What = fmt.Sprintf("the certificate has expired on %s (%s)", c.CertificateExpires().UTC().Format(time.DateOnly), e.Code)
		e.Advice = "make a new one, as the commands do, and give it to Andon"
	}
}

func isGUID(s string) bool {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`).MatchString(s)
}

// tokenCommand returns the commands that mend what Entra ID refused with code;
// "" where there are none.
func (c *Client) tokenCommand(kind Kind, code int) string {
	id := ShellQuote(c.cfg.ClientID)
	switch {
	case code == 7000229:
		return "az ad sp create --id " + id
	case code == 7000112:
		return "az ad sp update --id " + id + " --set accountEnabled=true"
	case code == 700024 && c.cfg.FederatedTokenFile == "":
		return SetClock
	case code == 700024: // whoever writes the file has to renew it
		return lookAtFile(c.cfg.FederatedTokenFile)
	case code == 500011, code == 1002012, code == 70011:
		return "export ANDON_AUDIENCE=" + ShellQuote(Public().Audience)
	}
	switch kind {
	case KindWrongSecret, KindExpiredSecret:
		return "az ad app credential reset --id " + id + " --append --query password --output tsv"
	case KindUnknownClient:
		return "az ad app list --show-mine --query '[].{name: displayName, clientId: appId}' --output table"
	case KindUnknownTenant:
		return "az account list --query '[].{tenantId: tenantId, subscription: name}' --output table"
	case KindBadCertificate:
		return c.certificateCommand()
	case KindBadFederation:
		return federationCommand(c.cfg)
	default:
		return ""
	}
}

// certificateCommand registers the certificate in the source's file, or makes
// a new one where it has expired. az has to get the public part alone.
func (c *Client) certificateCommand() string {
	register := c.registerCertificate()
	file, err := os.ReadFile(c.cfg.CertificateFile)
	switch {
	case err != nil:
		return ""
	case c.isCertificateExpired():
		return c.newCertificateCommand()
	case bytes.Contains(file, []byte("-----BEGIN ")):
		return "openssl x509 -in " + ShellQuote(c.cfg.CertificateFile) + " -out andon-public.pem\n" + register
	default:
		return "openssl pkcs12 -in " + ShellQuote(c.cfg.CertificateFile) + " -clcerts -nokeys -out andon-public.pem\n" + register
	}
}

// newCertificateCommand makes a certificate and registers its public part.
func (c *Client) newCertificateCommand() string {
	return "openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=andon -keyout andon-key.pem -out andon-public.pem\n" +
		c.registerCertificate() + "\n" + "cat andon-key.pem andon-public.pem > " + ShellQuote(c.cfg.CertificateFile)
}

func (c *Client) registerCertificate() string {
	return "az ad app credential reset --id " + ShellQuote(c.cfg.ClientID) + " --append --cert @andon-public.pem"
}

// federationCommand makes the application trust the token that the source
// has. Issuer and subject are the token's own; neither is a secret.
func federationCommand(cfg Config) string {
	token, err := os.ReadFile(cfg.FederatedTokenFile)
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.TrimSpace(string(token)), ".")
	if len(parts) != 3 {
		return ""
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var who struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
	if json.Unmarshal(claims, &who) != nil || who.Issuer == "" || who.Subject == "" {
		return ""
	}
	return "az ad app federated-credential create --id " + ShellQuote(cfg.ClientID) + " --parameters " +
		ShellQuote(FederatedCredential("andon", who.Issuer, who.Subject))
}

// FederatedCredential returns the JSON that az takes for a federated
// credential of an application.
func FederatedCredential(name, issuer, subject string) string {
	text, err := json.Marshal(struct {
		Name      string   `json:"name"`
		Issuer    string   `json:"issuer"`
		Subject   string   `json:"subject"`
		Audiences []string `json:"audiences"`
	}{name, issuer, subject, []string{FederationAudience}})
	if err != nil {
		return "" // strings always marshal
	}
	return string(text)
}

// findFactories shows the ids of the factories that whoever is logged in to az
// sees in a subscription.
func findFactories(subscription string) string {
	return "az resource list --subscription " + ShellQuote(subscription) + " --resource-type Microsoft.DataFactory/factories --query '[].id' --output tsv"
}

// lookAt shows what answers at a host.
func lookAt(host string) string { return "curl -sSI " + ShellQuote("https://"+host+"/") }

// lookAtFile shows whether a file is there and who may read it.
func lookAtFile(file string) string { return "ls -l " + ShellQuote(file) }

// lookUp shows whether a host's name leads anywhere.
func lookUp(host string) string { return "getent hosts " + ShellQuote(nameOf(host)) }

// whoSigned shows the certificates that a host presents.
func whoSigned(host string) string {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "443")
	}
	return "openssl s_client -showcerts -connect " + ShellQuote(host) + " -servername " + ShellQuote(nameOf(host)) + " </dev/null"
}

// nameOf takes the port off a host.
func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// hostOf returns the host and port of a URL, or the text where it is none.
func hostOf(target string) string {
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		return u.Host
	}
	return target
}
