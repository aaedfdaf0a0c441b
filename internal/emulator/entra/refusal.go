package entra

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// refusal is one row of Entra's error table: an AADSTS number, the OAuth error
// it travels under, and the text.
type refusal struct {
	status int
	code   int
	oauth  string
	text   string
}

// Answer is a status and the document that goes with it.
type Answer struct {
	Status   int
	Document any
}

// errorDocument is the envelope of the token endpoint's refusals (azure.md
// §4). Clients key on error_codes; people read error_description.
type errorDocument struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
}

// answer wraps r in the envelope. at is the time that the answer bears.
func (r *refusal) answer(at time.Time) Answer {
	stamp := at.UTC().Format("2006-01-02 15:04:05Z")
	trace, correlation := newGUID(), newGUID()
	return Answer{r.status, errorDocument{
		Error: r.oauth,
		Description: fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
			r.code, r.text, trace, correlation, stamp),
		Codes:         []int{r.code},
		Timestamp:     stamp,
		TraceID:       trace,
		CorrelationID: correlation,
		URI:           "https://login.microsoftonline.com/error?code=" + strconv.Itoa(r.code),
	}}
}

// Refusal is an answer in the envelope of the token endpoint's refusals, for
// whoever breaks the endpoint on purpose. code is the AADSTS number, oauth the
// OAuth error, at the time that the answer bears.
func Refusal(status, code int, oauth, text string, at time.Time) Answer {
	return (&refusal{status, code, oauth, text}).answer(at)
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func badRequest(code int, oauth, format string, a ...any) *refusal {
	return &refusal{http.StatusBadRequest, code, oauth, fmt.Sprintf(format, a...)}
}

// badClient is a credential that is not accepted: always 401 invalid_client
// (azure.md §4).
func badClient(code int, format string, a ...any) *refusal {
	return &refusal{http.StatusUnauthorized, code, "invalid_client", fmt.Sprintf(format, a...)}
}

// What is wrong with the request (azure.md §4).

func refuseMethod(method string) *refusal {
	return badRequest(900561, "invalid_request", "The endpoint only accepts POST requests. Received a %s request.", method)
}

func refuseMissing(parameter string) *refusal {
	return badRequest(900144, "invalid_request", "The request body must contain the following parameter: '%s'.", parameter)
}

func refuseGrant(grant string) *refusal {
	return badRequest(70003, "unsupported_grant_type", "The app requested an unsupported grant type '%s'.", grant)
}

func refuseTenantName(name string) *refusal {
	return badRequest(900023, "invalid_request", "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain.", name)
}

func refuseUnknownTenant(name string) *refusal {
	return badRequest(90002, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", name)
}

// refuseNoTenant is for common and organizations, which say nothing about the
// tenant of an application (seen in MicrosoftDocs/azure-docs#24064; its status
// and OAuth error are inferred).
func refuseNoTenant() *refusal {
	return badRequest(50059, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided credentials.")
}

func refuseUnknownClient(clientID, tenantID string) *refusal {
	return badRequest(700016, "unauthorized_client", "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", clientID, tenantID)
}

func refuseResource(resource, tenantID string) *refusal {
	return badRequest(500011, "invalid_resource", "The resource principal named %s was not found in the tenant named %s. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.", resource, tenantID)
}

// What is wrong with a secret (azure.md §4).

func refuseNoCredential() *refusal {
	return badClient(7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")
}

func refuseWrongSecret(clientID string) *refusal {
	return badClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", clientID)
}

func refuseExpiredSecret(clientID string) *refusal {
	return badClient(7000222, "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", clientID)
}

// What is wrong with an assertion. The numbers and the beginnings of the texts
// are those of public reports: 50027, 700021 and 700023 in the troubleshooting
// guides of the Azure SDKs, 50048 in microsoft-authentication-library-for-java
// #430, 700024 in Azure/login#372, 700027 in
// microsoft-authentication-library-for-js#8339.

const certificateDocs = "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials"

func refuseMalformed(why string) *refusal {
	return badClient(50027, "JWT token is invalid or malformed. %s", why)
}

func refuseSubject() *refusal {
	return badClient(50048, "Subject must match the issuer claim in the client assertion.")
}

func refuseOtherClient() *refusal {
	return badClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter. %s.", certificateDocs)
}

func refuseAssertionAudience() *refusal {
	return badClient(700023, "Client assertion audience claim does not match Realm issuer. %s.", certificateDocs)
}

func refuseTime(now, notBefore, expires time.Time) *refusal {
	const stamp = "2006-01-02T15:04:05.0000000Z"
	return badClient(700024, "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s. %s.",
		now.UTC().Format(stamp), notBefore.UTC().Format(stamp), expires.UTC().Format(stamp), certificateDocs)
}

func refuseCertificate(clientID, thumbprint string) *refusal {
	return badClient(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '%s', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '%s'.]", thumbprint, clientID)
}

func refuseSignature(thumbprint, reason string) *refusal {
	return badClient(700027, "Client assertion contains an invalid signature. [Reason - %s, Thumbprint of key used by client: '%s'.]", reason, thumbprint)
}

// What is wrong with a federated token: 70021 in external-secrets#2783, 700211
// and 700213 in azure-workload-identity#1200, 7002138 in Azure/login#515,
// 700212 in several projects' tests, 7000272 in azure-workload-identity#1232.
// 50013 was seen for other assertions (azure-sdk-for-java#25109): that a
// federated token with a bad signature gets it is inferred.

const checkFederation = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"

func refuseNoFederation(issuer, subject, audience string) *refusal {
	return badClient(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'. Assertion Audience: '%s'. https://learn.microsoft.com/entra/workload-id/workload-identity-federation", issuer, subject, audience)
}

func refuseFederatedIssuer(issuer string) *refusal {
	return badClient(700211, "No matching federated identity record found for presented assertion issuer '%s'. %s", issuer, checkFederation)
}

func refuseFederatedAudience(audience string) *refusal {
	return badClient(700212, "No matching federated identity record found for presented assertion audience '%s'. %s", audience, checkFederation)
}

func refuseFederatedSubject(subject string) *refusal {
	return badClient(700213, "No matching federated identity record found for presented assertion subject '%s'. %s", subject, checkFederation)
}

func refuseFederatedCase(subject string) *refusal {
	return badClient(7002138, "No matching federated identity record found for presented assertion subject '%s'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. %s", subject, checkFederation)
}

func refuseFederatedKey(keyID, issuer string) *refusal {
	return badClient(7000272, "The certificate with identifier %s used to sign the federated credential could not be found in the metadata of identity provider %s. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.", keyID, issuer)
}

func refuseFederatedSignature() *refusal {
	return badClient(50013, "Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]")
}
