package api_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goldenDocument = "openapi.json"

// The browser UI's types are made from openapi.json, and clients elsewhere
// are written against it, so a change has to be meant and has to be numbered.
func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.get(t, "/api/v1/openapi.json", http.StatusOK)
	want, err := os.ReadFile(goldenDocument)
	if err != nil && !(*update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the types (run with -update if the change is meant):\n%s", goldenDocument, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
	}
	if len(want) > 0 && versionOf(t, got) == versionOf(t, string(want)) {
		t.Fatalf("the document has changed but not its version, %s: raise documentVersion", versionOf(t, got))
	}
	if err := os.WriteFile(goldenDocument, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
}

func versionOf(t *testing.T, document string) string {
	t.Helper()
	var d struct{ Info struct{ Version string } }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	return d.Info.Version
}
