package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// TokenCall is the Call of errors that Entra ID caused.
const TokenCall = "token"

// refusalOf explains one of Entra ID's error codes (Microsoft Entra
// authentication and authorization error codes).
type refusalOf struct {
	kind         Kind
	what, advice string
}

func entraRefusal(code int) refusalOf {
	switch code {
	case 7000215, 7000216, 7000218:
		return refusalOf{KindWrongSecret, "Entra ID does not accept the client secret", "give the secret's value, not its id; if it is lost, make a new one under Certificates & secrets of the app registration"}
	case 7000222:
		return refusalOf{KindExpiredSecret, "the client secret has expired", "make a new one under Certificates & secrets of the app registration and give it to Andon"}
	case 700016, 7000229:
		return refusalOf{KindUnknownClient, "the tenant knows no application with this id", "check clientId and tenantId: both stand on the app registration's overview page"}
	case 90002, 900021, 900023:
		return refusalOf{KindUnknownTenant, "Entra ID knows no such tenant", "check tenantId, and that the cloud is the tenant's own"}
	case 700027, 7000232, 700030, 7000271, 700023, 700021, 50027, 50048:
		return refusalOf{KindBadCertificate, "Entra ID does not accept the certificate", "upload this certificate's public part under Certificates & secrets of the app registration"}
	case 700024:
		return refusalOf{KindBadCertificate, "Entra ID holds the signed request for out of date", "set this machine's clock"}
	case 70021, 700211, 700212, 700213, 7002137, 7002138, 7000272, 50013:
		return federationRefusal(code)
	case 500011, 1002012, 70011:
		return refusalOf{KindUnauthorized, "the tenant does not know Azure Resource Manager under this audience", "correct the audience of the cloud in the configuration"}
	case 7000112:
		return refusalOf{KindUnauthorized, "the application is disabled", "enable it under Enterprise applications"}
	case 53003, 53000, 50105, 530003:
		return refusalOf{KindUnauthorized, "a policy of the tenant keeps the application from signing in", "ask the tenant's administrator about Conditional Access and assignments for workload identities"}
	default:
		return refusalOf{KindUnauthorized, "Entra ID gave no token", fmt.Sprintf("look up https://login.microsoftonline.com/error?code=%d", code)}
	}
}

// federationRefusal explains why a token of another issuer is not taken. Entra
// ID's codes say which of issuer, subject and audience no federated credential
// of the application has.
func federationRefusal(code int) refusalOf {
	const where = "under Certificates & secrets, Federated credentials of the app registration"
	switch code {
	case 70021:
		return refusalOf{KindBadFederation, "the application trusts no federated tokens", "add a credential for this token's issuer and subject " + where}
	case 700211:
		return refusalOf{KindBadFederation, "the application does not trust the issuer of the federated token", "give the issuer of the cluster, slash and all, " + where}
	case 700212:
		return refusalOf{KindBadFederation, "the federated token is for another audience", "ask for a token for api://AzureADTokenExchange, or name the token's audience " + where}
	case 700213, 7002137, 7002138:
		return refusalOf{KindBadFederation, "the application does not trust the subject of the federated token", "give system:serviceaccount:<namespace>:<service account>, upper and lower case as they are, " + where}
	case 7000272, 50013:
		return refusalOf{KindBadFederation, "the federated token is not signed with a key that its issuer publishes", "check that the issuer's address can be reached from the internet and shows the cluster's present keys"}
	case 700024:
		return refusalOf{KindBadFederation, "Entra ID holds the federated token for out of date", "check that its file is renewed, as Kubernetes does with a projected token, and this machine's clock"}
	default:
		return refusalOf{KindBadFederation, "Entra ID does not take the federated token", "check that the file holds a service account token for api://AzureADTokenExchange and nothing else"}
	}
}

// tokenRefused explains Entra ID's answer by its code. The text of the answer
// is not kept.
func (c *Client) tokenRefused(q call, resp *http.Response) *Error {
	body, err := runtime.Payload(resp) // in memory already
	e := c.newError(q, KindUnauthorized, "", "", nil)
	e.Where = "token for application " + c.cfg.ClientID + " in tenant " + c.cfg.TenantID + ", source " + c.cfg.Name
	e.Status = resp.StatusCode
	var said struct {
		Codes []int `json:"error_codes"`
	}
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Kind, e.What = KindThrottled, "Entra ID's limit of requests is reached"
		e.RetryAt = c.now().Add(max(retryAfter(resp.Header, c.now()), maxWait))
		e.Advice = "it goes on by itself"
	case resp.StatusCode >= 500:
		e.Kind, e.What = KindServer, "Entra ID answered "+statusText(resp.StatusCode, "")
		e.Advice = "this passes as a rule; if it stays, look at https://azure.status.microsoft"
	case err != nil && !looksLikeJSON(resp.Header, body):
		e.Kind, e.What = KindNotJSON, fmt.Sprintf("%s gave an answer of type %s where a token was expected", c.cloud.Authority, contentType(resp.Header))
		e.Advice = "a proxy or a login page may stand in between: check HTTPS_PROXY and the authority"
		e.Command = lookAt(hostOf(c.cloud.Authority))
	case len(said.Codes) == 0:
		e.What = "Entra ID gave no token: " + statusText(resp.StatusCode, "")
		e.Advice = "check that " + c.cloud.Authority + " is the right authority"
	default:
		why := entraRefusal(said.Codes[0])
		if c.cfg.FederatedTokenFile != "" && why.kind == KindBadCertificate {
			why = federationRefusal(said.Codes[0])
		}
		e.Code = "AADSTS" + strconv.Itoa(said.Codes[0])
		e.Kind, e.What, e.Advice = why.kind, why.what+" ("+e.Code+")", why.advice
		e.Command = c.tokenCommand(why.kind, said.Codes[0])
		c.sayPrecisely(e)
	}
	return e
}
