package store

import (
	"path/filepath"
	"slices"
	"testing"

	"andon/internal/adf"
)

// TestADefinitionThatCannotBeReadStopsNoOther: what the other versions declare as
// secret is taken out all the same.
func TestADefinitionThatCannotBeReadStopsNoOther(t *testing.T) {
	t.Parallel()
	s := openInternal(t, filepath.Join(t.TempDir(), "andon.db"))
	defer s.Close() //nolint:errcheck // nothing is written at its end
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/1/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf", Name: "adf"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for n, content := range []string{`{"activities":[]}`, `{"activities":[],"parameters":{"pin":{"type":"SecureString"}}}`} {
		d, err := adf.DecodePipelineDefinition([]byte(`{"name":"pl_child","properties":` + content + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.PutDefinitions(t.Context(), Reading{Factory: place.Key, AsOf: adf.Time(10 + n)}, []adf.PipelineDefinition{d}); err != nil {
			t.Fatal(err)
		}
	}
	err = s.submit(t.Context(), func(w *writer) error {
		return w.exec("UPDATE content SET raw = ? WHERE id = (SELECT min(content_id) FROM definition)", w.s.codec.pack(rawDefinition, []byte("[]")))
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var secure []string
	if err := s.Definitions(t.Context(), place.Key, func(d *adf.PipelineDefinition) { secure = append(secure, d.SecureParameters()...) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(secure, []string{"pin"}) {
		t.Errorf("secure are %v", secure)
	}
}
