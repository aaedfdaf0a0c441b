package entra

import (
	"slices"
	"strings"
	"time"
)

// assertionSkew is how far clocks may be apart. Entra's own tolerance is five
// minutes.
const assertionSkew = 5 * time.Minute

// assertionType is what client_assertion_type has to be (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionClaims are those of a client assertion signed with the
// application's certificate (Entra, Certificate credentials). The audience is
// one text: Entra refuses a list (panva/openid-client#348).
type assertionClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  string       `json:"aud"`
	Expires   *numericDate `json:"exp"`
	NotBefore *numericDate `json:"nbf"`
	TokenID   string       `json:"jti"`
}

// checkAssertion verifies a client assertion. One that names its certificate
// in the header is the application's own; any other one is a token of another
// issuer, which a federated credential has to trust.
func (d *Directory) checkAssertion(app Application, r *TokenRequest, text string) *refusal {
	token, err := parseToken(text)
	if err != nil {
		return refuseMalformed("The assertion is not a signed JSON Web Token.")
	}
	if alg := token.header.Algorithm; alg != algorithmRS256 && alg != algorithmPS256 {
		return refuseMalformed("The assertion has to be signed with RS256 or PS256.")
	}
	var who struct {
		Issuer string `json:"iss"`
	}
	if token.claims(&who) != nil {
		return refuseMalformed("The claims of the assertion are not a JSON object.")
	}
	if strings.Contains(who.Issuer, "://") && token.header.Thumbprint == "" && token.header.Thumbprint256 == "" {
		return d.checkFederated(app, token)
	}
	return d.checkCertificate(app, r, token)
}

func (d *Directory) checkCertificate(app Application, r *TokenRequest, token signedToken) *refusal {
	named := thumbprintText(token.header.Thumbprint256)
	if token.header.Thumbprint256 == "" {
		named = thumbprintText(token.header.Thumbprint)
	}
	if named == "" {
		return refuseMalformed("No certificate thumbprint specified in token header.")
	}
	var c assertionClaims
	if token.claims(&c) != nil {
		return refuseMalformed("A claim of the assertion has another type than it must.")
	}
	certificate := (&application{app}).certificate(token.header)
	now := d.now()
	switch {
	case c.Issuer != c.Subject:
		return refuseSubject()
	case !strings.EqualFold(c.Issuer, app.ClientID):
		return refuseOtherClient()
	case c.Expires == nil:
		return refuseMalformed("The claim exp is missing.")
	case c.TokenID == "":
		return refuseMalformed("The claim jti is missing.")
	case certificate == nil:
		return refuseCertificate(app.ClientID, named)
	case now.After(certificate.NotAfter):
		return refuseSignature(named, "The key used is expired.")
	case !token.isSignedByCertificate(certificate):
		return refuseSignature(named, "The provided signature value did not match the expected signature value.")
	case !slices.Contains(r.audiences(app.TenantID), strings.ToLower(strings.TrimSuffix(c.Audience, "/"))):
		return refuseAssertionAudience()
	}
	return checkTimes(now, c.NotBefore, *c.Expires)
}

func checkTimes(now time.Time, notBefore *numericDate, expires numericDate) *refusal {
	var begin numericDate
	if notBefore != nil {
		begin = *notBefore
	}
	if !now.Before(expires.time().Add(assertionSkew)) || now.Add(assertionSkew).Before(begin.time()) {
		return refuseTime(now, begin.time(), expires.time())
	}
	return nil
}

// checkFederated first looks for a credential that trusts the token and then
// verifies the token with the keys of its issuer, so that a refusal names what
// the credential of the application lacks.
func (d *Directory) checkFederated(app Application, token signedToken) *refusal {
	var c federatedClaims
	if token.claims(&c) != nil {
		return refuseMalformed("A claim of the token has another type than it must.")
	}
	if c.Expires == nil {
		return refuseMalformed("The claim exp is missing.")
	}
	if e := matchFederated(app.Federated, c); e != nil {
		return e
	}
	key := d.keyOfIssuer(c.Issuer, token.header.KeyID)
	if key == nil {
		return refuseFederatedKey(token.header.KeyID, c.Issuer)
	}
	if !token.isSignedBy(&key.private.PublicKey) {
		return refuseFederatedSignature()
	}
	return checkTimes(d.now(), c.NotBefore, *c.Expires)
}

// matchFederated compares with regard to case, as Entra does since 2024
// (azure.md §4).
func matchFederated(trusted []Federated, c federatedClaims) *refusal {
	presented := strings.Join(c.Audience, ", ")
	if len(trusted) == 0 {
		return refuseNoFederation(c.Issuer, c.Subject, presented)
	}
	e := refuseFederatedIssuer(c.Issuer)
	for _, f := range trusted {
		switch {
		case f.Issuer != c.Issuer:
		case f.Subject != c.Subject && strings.EqualFold(f.Subject, c.Subject):
			e = refuseFederatedCase(c.Subject)
		case f.Subject != c.Subject:
			e = refuseFederatedSubject(c.Subject)
		case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(f.Audiences, a) }):
			e = refuseFederatedAudience(presented)
		default:
			return nil
		}
	}
	return e
}
