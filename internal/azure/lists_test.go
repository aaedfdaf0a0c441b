package azure_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"andon/internal/adf"
	"andon/internal/azure"
)

func saved(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// pagedLists serves a list whose second page is asked for by a link that is
// encoded twice, as Data Factory serves lists of more than 50. A link that is
// not byte for byte the one that it gave gets what Data Factory answers then.
type pagedLists struct {
	*azureServer

	mu    sync.Mutex
	fails bool     // the second page can't be had
	links []string // that were asked for, as they came
}

const doubleEncoded = "%24skiptoken=%255B%257B%2522token%2522%253A%2522%252BRID%253A~abc%253D%253D%2523RT%253A1%2523TRC%253A50%2522%257D%255D"

func startPagedLists(t *testing.T, linkHost func(own string) string) *pagedLists {
	t.Helper()
	p := &pagedLists{}
	page1, page2 := saved(t, "list-50-page1.json"), saved(t, "list-50-page2.json")
	_, reencoded, _ := strings.Cut(saved(t, "list-50-reencoded.http"), "\n\n")
	p.azureServer = startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case !strings.Contains(strings.ToLower(r.RequestURI), "skiptoken"):
			sendJSON(w, http.StatusOK, strings.ReplaceAll(page1, "https://management.azure.com", linkHost(p.URL)))
			return
		case p.fails:
			sendJSON(w, http.StatusServiceUnavailable, `{"error":{"code":"ServiceUnavailable"}}`)
		case !strings.HasSuffix(r.RequestURI, "/pipelines?api-version=2018-06-01&"+doubleEncoded) || !strings.Contains(r.RequestURI, "/resourcegroups/"):
			sendJSON(w, http.StatusInternalServerError, reencoded)
		default:
			sendJSON(w, http.StatusOK, page2)
		}
		p.links = append(p.links, r.RequestURI)
	})
	return p
}

func sameHost(own string) string { return own }

// azure.md §14: a list has pages of 50, and the next is asked for byte for byte.
func TestTheSecondPageIsAskedForByteForByte(t *testing.T) {
	t.Parallel()
	p := startPagedLists(t, sameHost)
	got, err := p.client(t).Pipelines(t.Context(), factory)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 51 || got.Items[50].Name != "pl_50" || len(got.Odd) > 0 {
		t.Errorf("%d pipelines, odd %v, want 51 up to pl_50", len(got.Items), got.Odd)
	}
	if len(p.links) != 1 {
		t.Errorf("further pages were asked for by %q, want one", p.links)
	}
}

// A list of which a page fails is no list: nothing must look deleted.
func TestAListWithoutItsSecondPageIsAnError(t *testing.T) {
	t.Parallel()
	p := startPagedLists(t, sameHost)
	p.fails = true
	got, err := p.client(t).Pipelines(t.Context(), factory)
	if e := asError(t, err); e.Kind != azure.KindServer || len(got.Items) != 0 {
		t.Errorf("%s and %d pipelines, want %s and none", e.Kind, len(got.Items), azure.KindServer)
	}
}

// azure.md §14: a link may name the default port, as the emulator's do. Not
// parallel: the proxy, which makes the default port reachable, is taken from
// the environment.
func TestLinksOfTheDefaultPortAreFollowed(t *testing.T) {
	e := emulate(t, 600)
	t.Setenv("HTTPS_PROXY", e.Proxy)
	t.Setenv("NO_PROXY", "")
	cfg := e.config()
	cfg.Cloud = azure.Public()
	cfg.Cloud.CAFile = e.CAFile
	got, err := newClient(t, cfg).Datasets(t.Context(), e.salesProd(t))
	if err != nil || len(got.Items) <= 50 {
		t.Errorf("%d datasets, %v, want more than a page of 50", len(got.Items), err)
	}
}

func (e emulated) salesProd(t *testing.T) adf.FactoryID {
	t.Helper()
	i := slices.IndexFunc(e.Factories, func(f string) bool { return strings.HasSuffix(f, "sales-prod") })
	if i < 0 {
		t.Fatalf("no sales-prod among %v", e.Factories)
	}
	return adf.FactoryID(e.Factories[i])
}

// The emulator's lists lead on by such links too.
func TestListsOfMoreThan50AgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	c := newClient(t, e.config())
	got, err := c.Datasets(t.Context(), e.salesProd(t))
	if err != nil || len(got.Items) <= 50 {
		t.Errorf("%d datasets, %v, want more than a page of 50", len(got.Items), err)
	}
	names := map[string]bool{}
	for _, d := range got.Items {
		names[d.Name] = true
	}
	if len(names) != len(got.Items) {
		t.Errorf("%d names of %d datasets", len(names), len(got.Items))
	}
}
