package adf_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"andon/internal/adf"
)

const arm = "/subscriptions/5-A/resourceGroups/rg_Data.(1)/providers/Microsoft.DataFactory/factories/adf-Sales"

func TestParseFactoryIDForms(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ARM id":                  arm,
		"closing slash":           arm + "/",
		"blanks around":           "  " + arm + "\n",
		"without the first slash": strings.TrimPrefix(arm, "/"),
		"below the factory":       arm + "/pipelineruns/x",
		"short form":              "5-A/rg_Data.(1)/adf-Sales",
		"Studio":                  "https://adf.azure.com/en/monitoring/pipelineruns/6d1f?factory=%2Fsubscriptions%2F5-A%2FresourceGroups%2Frg_Data.%281%29%2Fproviders%2FMicrosoft.DataFactory%2Ffactories%2Fadf-Sales",
		"Studio, slashes as such": "https://adf.azure.com/home?factory=" + arm,
		"portal":                  "https://portal.azure.com/#@contoso.example/resource" + arm + "/overview",
		"portal, older":           "https://portal.azure.com/#resource" + arm,
		"ARM URL":                 "https://management.azure.com" + arm + "?api-version=2018-06-01",
		"fixed words in any case": "/SUBSCRIPTIONS/5-A/RESOURCEGROUPS/rg_Data.(1)/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/adf-Sales",
	} {
		id, err := adf.ParseFactoryID(text)
		if err != nil || string(id) != arm {
			t.Errorf("%s: %q, %v; want %s", name, id, err, arm)
			continue
		}
		if id.Subscription() != "5-A" || id.ResourceGroup() != "rg_Data.(1)" || id.Name() != "adf-Sales" || id.Key() != strings.ToLower(arm) {
			t.Errorf("%s: parts %q %q %q, key %q", name, id.Subscription(), id.ResourceGroup(), id.Name(), id.Key())
		}
	}
}

func TestParseFactoryIDRefusesWhatNamesNoFactory(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "/", "adf-Sales", "a/b", "a//c", "a/b/c/d", "https://adf.azure.com/", "https://portal.azure.com/#home",
		"/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/x",
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/", "/subscriptions//resourceGroups/g/providers/Microsoft.DataFactory/factories/f",
		"a/b/c?x=1", "a/b/c#x", "a/b/c%2Fd", `a/b/c\d`, "a/b/c d", "a/b/<c>", "a/../c", "a/./c", "a/b/..", "a/b/c\x00", "a/b/c\nd", "a/b/c;d", "a/b/$(c)",
	} {
		if id, err := adf.ParseFactoryID(text); err == nil {
			t.Errorf("%q gives %q, want an error", text, id)
		} else if !strings.Contains(err.Error(), "/subscriptions/{subscription}") {
			t.Errorf("%q: %v does not show the form", text, err)
		}
	}
}

// What is accepted is one of ARM's paths and nothing else, and parses to
// itself.
func TestParsedFactoryIDsAreStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.StringOfN(rapid.RuneFrom([]rune("aZ09-_.()/?#&%\\ ;$é\x00'\"")), 0, 5, -1)
		text := rapid.OneOf(
			rapid.String(),
			rapid.Custom(func(t *rapid.T) string {
				return "/subscriptions/" + segment.Draw(t, "s") + "/resourceGroups/" + segment.Draw(t, "g") + "/providers/Microsoft.DataFactory/factories/" + segment.Draw(t, "f")
			}),
			rapid.Custom(func(t *rapid.T) string {
				return segment.Draw(t, "s") + "/" + segment.Draw(t, "g") + "/" + segment.Draw(t, "f")
			}),
		).Draw(t, "text")
		id, err := adf.ParseFactoryID(text)
		if err != nil {
			return
		}
		again, err := adf.ParseFactoryID(string(id))
		if err != nil || again != id {
			t.Errorf("%q gives %q, which gives %q, %v", text, id, again, err)
		}
		if strings.ContainsAny(string(id), "?#%\\ ;$'\"\x00") || strings.Count(string(id), "/") != 8 {
			t.Errorf("%q gives %q", text, id)
		}
	})
}

func TestPartsOfAnIDThatIsNone(t *testing.T) {
	t.Parallel()
	id := adf.FactoryID("x")
	if id.Subscription() != "" || id.ResourceGroup() != "" || id.Name() != "" {
		t.Errorf("parts %q %q %q, want none", id.Subscription(), id.ResourceGroup(), id.Name())
	}
}
