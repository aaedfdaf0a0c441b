package emulator

import (
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// skipToken is the place that a nextLink continues at.
func skipToken(r *http.Request, total int) (int, *armError) {
	token := queryValue(r, "$skiptoken")
	if token == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(token)
	if err != nil || n < 0 || n > total {
		return 0, errBadRequest("The skip token '%s' is not valid.", token)
	}
	return n, nil
}

// nextLink is absolute, with the scheme and host the caller used: clients send
// their token to no other host.
func nextLink(r *http.Request, from int) string {
	q := url.Values{}
	q.Set("api-version", queryValue(r, "api-version"))
	q.Set("$skiptoken", strconv.Itoa(from))
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: q.Encode()}
	return u.String()
}

// skipTokens are those of one list of a factory's resources. Data Factory
// encodes such a token twice in its nextLink and takes it back only as it was
// written: clients that encode the link again get 500 for the second page
// (azure.md §14). The path is in lower case from the resource group on.
type skipTokens struct{ subject string }

// link leads to the page that begins at from. It names the default port, which
// is the same host as none.
func (t skipTokens) link(r *http.Request, from int) string {
	host := r.Host
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "443")
	}
	path := regexp.MustCompile(`(?i)/resourcegroups/`).ReplaceAllString(r.URL.EscapedPath(), "/resourcegroups/")
	return "https://" + host + path + "?api-version=" + url.QueryEscape(queryValue(r, "api-version")) + "&%24skiptoken=" + t.encoded(from)
}

// encoded is the token as it is in the link.
func (t skipTokens) encoded(from int) string {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(t.subject))) //nolint:gosec // a hash never fails to take bytes
	text := fmt.Sprintf(`[{"token":"+RID:~%x==#RT:%d#TRC:%d"}]`, h.Sum64(), (from+listPage-1)/listPage, from)
	return url.QueryEscape(url.QueryEscape(text))
}

// read returns where the page begins that a request asks for.
func (t skipTokens) read(r *http.Request, total int) (int, *armError) {
	raw := rawQueryValue(r, "$skiptoken")
	if raw == "" {
		return 0, nil
	}
	once, err := url.QueryUnescape(raw)
	if err != nil {
		return 0, errBadRequest("The skip token '%s' is not valid.", raw)
	}
	count := regexp.MustCompile(`TRC(?:%(?:25)*3A|:)(\d{1,6})`).FindStringSubmatch(once)
	if count == nil {
		return 0, errBadRequest("The skip token '%s' is not valid.", once)
	}
	from, err := strconv.Atoi(count[1])
	if err != nil || raw != t.encoded(from) {
		return 0, &armError{
			Status: http.StatusInternalServerError, Code: "InternalError", IsFactory: true,
			Message: "An internal error occurred. Correlation id " + r.Header.Get("X-Ms-Client-Request-Id"),
		}
	}
	return min(from, total), nil
}

// rawQueryValue is a parameter's value as it was sent, without regard to the
// case of its name; empty where there is none.
func rawQueryValue(r *http.Request, name string) string {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil && strings.EqualFold(decoded, name) {
			return value
		}
	}
	return ""
}
