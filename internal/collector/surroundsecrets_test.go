package collector_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
)

// TestSurroundingsAreStoredWithoutSecrets: integration runtimes, their states
// and loads, and a factory's tags pass the same rules as runs do. The emulated
// ones hold no secret of the usual kinds, so the operator names one.
func TestSurroundingsAreStoredWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 61, Size: 300})
	id := b.only()
	b.emulated.Factories = b.emulated.Factories[:1]
	b.control(t, http.MethodPost, "/factories", map[string]any{
		"factory": id.Name(), "tags": map[string]string{"owner": "data", "apiKey": "CANARY-tag"},
	}, nil)
	const ofDefinition, ofState, ofLoad = "inside the managed network", `nordhem\.example`, "^Node_1$"
	r, err := redact.New(redact.Patterns{Values: []string{ofDefinition, ofState, ofLoad}})
	if err != nil {
		t.Fatal(err)
	}
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}}}, Store: b.store, Poll: 1e8, Redact: r,
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	b.surrounded(t, id.Name())
	f, err := b.store.Factory(t.Context(), short(t, b.store, id.Name()))
	if err != nil {
		t.Fatal(err)
	}
	if tags := string(f.Tags); strings.Contains(tags, "CANARY") || !strings.Contains(tags, `"owner":"data"`) {
		t.Errorf("tags are stored as %s", tags)
	}
	all, err := b.store.Runtimes(t.Context(), []string{f.Short})
	if err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(ofDefinition + "|" + ofState + "|Node_1")
	hidden := map[string]int{}
	for i := range all {
		texts := map[string]string{"definitions": string(all[i].Raw)}
		if s := all[i].Status; s != nil {
			texts["states"] = string(s.Raw) + fmt.Sprint(s.Nodes)
		}
		if m := all[i].Monitoring; m != nil {
			texts["loads"] = string(m.Raw)
		}
		for kind, text := range texts {
			if found := secret.FindString(text); found != "" {
				t.Errorf("%s of runtime %s are stored with %s", kind, all[i].Name, found)
			}
			hidden[kind] += strings.Count(text, redact.Marker)
		}
	}
	if len(hidden) != 3 || hidden["definitions"] == 0 || hidden["states"] == 0 || hidden["loads"] == 0 {
		t.Errorf("hidden was %v: this test proves too little", hidden)
	}
}
