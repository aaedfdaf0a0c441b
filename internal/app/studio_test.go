package app

import (
	"strings"
	"testing"

	"andon/internal/config"
)

func TestStudioLinksLeadToTheCloudOfTheSourceThatReads(t *testing.T) {
	t.Parallel()
	both := []config.Source{
		{Name: "gov", Cloud: config.Cloud{Name: "usgov"}},
		{Name: "own", Cloud: config.Cloud{Studio: "https://studio.example"}},
		{Name: "Contoso", Cloud: config.Cloud{Name: "public"}},
	}
	for _, tc := range []struct {
		what    string
		sources []config.Source
		source  string
		want    string
	}{
		{"the first source", both, "gov", "https://adf.azure.us/"},
		{"the second source", both, "own", "https://studio.example/"},
		{"a source in another case", both, "contoso", "https://adf.azure.com/"},
		{"no source: the first one's cloud", both, "", "https://adf.azure.us/"},
		{"a source that is not configured any more", both, "former", "https://adf.azure.us/"},
		{"no source at all: the public cloud", nil, "", "https://adf.azure.com/"},
	} {
		link, err := studioURL(tc.sources)
		if err != nil {
			t.Fatal(err)
		}
		for _, runID := range []string{"", "run"} {
			if got := link(tc.source, "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f", runID); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s: %s, want one of %s", tc.what, got, tc.want)
			}
		}
	}
}
