package azure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"andon/internal/azure/budget"
)

func (c *Client) newError(q call, kind Kind, what, advice string, cause error) *Error {
	return &Error{Kind: kind, Call: q.name, Where: q.name + ", " + q.where, What: what, Advice: advice, cause: cause}
}

// canceled tells that ctx ended, or would have before the budget allowed the
// request.
func (c *Client) canceled(q call, err error) *Error {
	what := "the request was given up"
	if errors.Is(err, context.DeadlineExceeded) {
		what = "there was no answer before the caller's deadline"
	}
	return c.newError(q, KindCanceled, what, "", err)
}

// failed explains why there is no answer. Azure's refusals have an answer:
// see refused. entra is what broke on the way to Entra ID, nil when it
// answered.
func (c *Client) failed(ctx context.Context, q call, err, entra error) *Error {
	if ctx.Err() != nil {
		return c.canceled(q, ctx.Err())
	}
	if told, ok := errors.AsType[*Error](err); ok {
		return told
	}
	if token, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		q.name = TokenCall
		switch {
		case token.RawResponse != nil:
			return c.tokenRefused(q, token.RawResponse)
		case entra != nil:
			e := c.unreachable(q, c.cloud.Authority, entra)
			e.retry = false // the SDK has tried again already
			return e
		default:
			return c.newError(q, KindUnauthorized, "Entra ID gave no token, and its answer could not be used", "check that "+c.cloud.Authority+" is the right authority", nil)
		}
	}
	return c.unreachable(q, c.armURL, err)
}

// unreachable sorts what breaks between here and a host. Every type looked
// for is one of the standard library's.
func (c *Client) unreachable(q call, target string, err error) *Error {
	host := hostOf(target)
	if e := c.untrusted(q, host, err); e != nil {
		return e
	}
	if e := c.noRoute(q, host, err); e != nil {
		return e
	}
	e := c.newError(q, KindCut, "the connection to "+host+" broke off", "this passes as a rule; if it stays, check the network and proxies on the way", plain(err))
	e.retry = true
	var timeout net.Error
	var body *bodyError
	switch {
	case errors.Is(err, errTooLarge):
		e.Kind, e.retry = KindTooLarge, false
		e.What, e.Advice = errTooLarge.Error(), "nothing to do: less is asked for at once"
	case errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()):
		e.Kind, e.What = KindTimeout, fmt.Sprintf("%s did not answer within %s", host, tryTimeout)
	case errors.As(err, &body):
		e.What = "the answer of " + host + " broke off"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
	default:
		e.Kind, e.What = KindNoRoute, host+" can't be reached"
		e.Advice, e.Command = "check the network, the firewall and HTTPS_PROXY", lookAt(host)
	}
	return e
}

// untrusted returns nil unless err is about the host's certificate.
func (c *Client) untrusted(q call, host string, err error) *Error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e := c.newError(q, KindNoRoute, "the certificate of "+host+" is not trusted",
			"if a proxy of your company opens TLS, give its authority's PEM file as caFile of the cloud (ANDON_CA_FILE) or as SSL_CERT_FILE", plain(err))
		e.Command = whoSigned(host)
		return e
	}
	_, garbled := errors.AsType[tls.RecordHeaderError](err)
	if garbled || errors.Is(err, http.ErrSchemeMismatch) {
		e := c.newError(q, KindNoRoute, host+" does not speak TLS", "check the address, which has to be one of https", plain(err))
		e.Command = lookAt(host)
		return e
	}
	return nil
}

// noRoute returns nil unless err says that no connection came about.
func (c *Client) noRoute(q call, host string, err error) *Error {
	var refusal *proxyRefusal
	var dns *net.DNSError
	var op *net.OpError
	e := c.newError(q, KindNoRoute, "", "check the network, the firewall and HTTPS_PROXY", plain(err))
	e.retry, e.Command = true, lookAt(host)
	switch {
	case errors.As(err, &refusal):
		e.Status, e.retry = refusal.status, false
		e.What, e.Advice = refusal.Error()+" for "+host, "let the proxy pass "+host+", or correct HTTPS_PROXY and its credentials"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		e.What, e.Advice = "the proxy of HTTPS_PROXY can't be reached", "correct HTTPS_PROXY, or unset it where no proxy is needed"
		e.Command = "unset HTTPS_PROXY https_proxy"
	case errors.As(err, &dns):
		e.What, e.Advice = "the name "+host+" can't be resolved", "check the address and DNS; behind a proxy, set HTTPS_PROXY"
		e.Command = lookUp(host)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.What = host + " refuses connections"
	default:
		return nil
	}
	return e
}

// plain takes off the URL that net/http puts around an error.
func plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// notJSON returns nil when the answer looks like JSON.
func (c *Client) notJSON(q call, resp *http.Response, body []byte) *Error {
	if looksLikeJSON(resp.Header, body) {
		return nil
	}
	what := "an empty answer"
	if len(body) > 0 {
		what = "an answer of type " + contentType(resp.Header)
	}
	e := c.newError(q, KindNotJSON, fmt.Sprintf("%s gave %s where JSON was expected", resp.Request.URL.Host, what),
		"a proxy or a login page may stand in between: check HTTPS_PROXY and the address", nil)
	e.Status, e.Command = resp.StatusCode, lookAt(resp.Request.URL.Host)
	return e
}

func looksLikeJSON(h http.Header, body []byte) bool {
	text := strings.TrimLeft(string(body[:min(len(body), 64)]), "\xef\xbb\xbf \t\r\n")
	return !strings.Contains(contentType(h), "html") && (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["))
}

// contentType returns the media type without parameters, "unknown" where
// there is none.
func contentType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	t = strings.ToLower(strings.TrimSpace(t))
	if t == "" || len(t) > 60 {
		return "unknown"
	}
	return t
}

// unreadable explains an answer with status 200 that decode did not take.
func (c *Client) unreadable(q call, err error) *Error {
	if errors.Is(err, errCut) {
		e := c.newError(q, KindCut, "the answer broke off in the middle of its JSON", "this passes as a rule; if it stays, check the proxies on the way", err)
		e.retry = true
		return e
	}
	return c.newError(q, KindNotJSON, "the answer is not what Data Factory sends: "+err.Error(), "check what stands between Andon and "+c.armURL, err)
}

// notSent explains why the scheduler let q not pass. After a circuit opened
// that is the trouble that opened it, since a person wants to know of that.
func (c *Client) notSent(q call, err error) *Error {
	if closed, ok := errors.AsType[*budget.ClosedError](err); ok {
		if closed.Whose == budget.OfSource {
			q.name = TokenCall // whoever else sees the place may ask about it
		}
		return c.stillThrottled(q, closed.Until)
	}
	if open, ok := errors.AsType[*budget.OpenError](err); ok {
		if cause, ok := errors.AsType[*Error](open.Cause); ok {
			e := *cause
			e.RetryAt, e.retry = open.Until, false
			return &e
		}
	}
	return c.canceled(q, err)
}

func (c *Client) stillThrottled(q call, until time.Time) *Error {
	e := c.newError(q, KindThrottled, "Azure asked to be left alone", "nothing was asked; it goes on by itself after "+until.UTC().Format(time.RFC3339), nil)
	e.RetryAt = until
	return e
}
