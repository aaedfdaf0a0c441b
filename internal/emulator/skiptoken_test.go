package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"andon/internal/emulator"
)

// azure.md §14: pages of 50; the next link is encoded twice, names the
// resource group in lower case, and answers 500 when it is encoded again.
func TestListsLeadOnByLinksThatMustNotBeEncodedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 1})
	var list struct {
		Value    []struct{ Name string }
		NextLink string
	}
	path := ""
	for _, f := range b.info.Factories {
		if strings.HasSuffix(f, "sales-prod") {
			path = f + "/datasets"
		}
	}
	b.decode(b.arm("GET", path, ""), http.StatusOK, &list)
	link := strings.TrimPrefix(list.NextLink, b.info.ResourceManager)
	if len(list.Value) != 50 || !strings.Contains(link, "&%24skiptoken=%255B%257B%2522token%2522") || !strings.Contains(link, "/resourcegroups/") {
		t.Fatalf("%d datasets, next link %s", len(list.Value), list.NextLink)
	}
	first, rest := list.Value[0].Name, list
	rest.Value, rest.NextLink = nil, ""
	b.decode(b.arm("GET", link, ""), http.StatusOK, &rest)
	if len(rest.Value) == 0 || rest.Value[0].Name == first || rest.NextLink != "" {
		t.Errorf("the second page: %+v", rest)
	}
	address, query, _ := strings.Cut(link, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	token := values.Get("$skiptoken")
	decoded, err := url.QueryUnescape(token)
	if err != nil {
		t.Fatal(err)
	}
	for what, again := range map[string]string{
		"encoded once more": url.QueryEscape(url.QueryEscape(token)),
		"encoded once less": token,
		"of another list":   strings.ReplaceAll(url.QueryEscape(token), "RID", "RIX"),
	} {
		if a := b.arm("GET", address+"?api-version=2018-06-01&%24skiptoken="+again, ""); a.status != http.StatusInternalServerError || !strings.Contains(string(a.body), `"code":"InternalError"`) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if a := b.arm("GET", address+"?api-version=2018-06-01&$skiptoken="+url.QueryEscape("made up "+decoded[:3]), ""); a.status != http.StatusBadRequest {
		t.Errorf("made up: %d %s", a.status, a.body)
	}
}
