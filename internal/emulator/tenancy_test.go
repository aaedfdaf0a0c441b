package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"andon/internal/emulator"
)

// TestADelegatedSubscriptionIsSeenFromBothTenants: in the bank a subsidiary's
// subscriptions are delegated to the bank (Azure Lighthouse), so the bank's
// identity sees 40 factories and the subsidiary's own its 8.
func TestADelegatedSubscriptionIsSeenFromBothTenants(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "bank", Size: 2000})
	type subscriptions struct {
		Value []struct {
			SubscriptionID, TenantID string
			ManagedByTenants         []struct{ TenantID string }
		}
	}
	count := func(list subscriptions) (n int) {
		for _, s := range list.Value {
			for path := "/subscriptions/" + s.SubscriptionID + "/providers/Microsoft.DataFactory/factories"; path != ""; {
				var page struct {
					Value    []struct{ ID string }
					NextLink string
				}
				b.decode(b.arm("GET", path, ""), http.StatusOK, &page)
				n += len(page.Value)
				path = strings.TrimPrefix(page.NextLink, b.info.ResourceManager)
			}
		}
		return n
	}
	var ours, theirs subscriptions
	b.decode(b.arm("GET", "/subscriptions?api-version=2022-12-01", ""), http.StatusOK, &ours)
	delegated := 0
	for _, s := range ours.Value {
		if s.TenantID != b.info.TenantID {
			delegated++
			if len(s.ManagedByTenants) != 1 || s.ManagedByTenants[0].TenantID != b.info.TenantID {
				t.Errorf("a delegated subscription is managed by %v", s.ManagedByTenants)
			}
		}
	}
	if n := count(ours); n != 40 || len(b.info.Factories) != 40 || delegated == 0 {
		t.Errorf("the bank sees %d factories in %d subscriptions, %d of them delegated", n, len(ours.Value), delegated)
	}
	i := slices.IndexFunc(b.info.Identities, func(id emulator.Identity) bool {
		return id.TenantID != b.info.TenantID && strings.Contains(id.What, "reads every factory")
	})
	if i < 0 {
		t.Fatalf("no identity of the subsidiary: %+v", b.info.Identities)
	}
	id := b.info.Identities[i]
	form := b.form()
	form.Set("client_id", id.ClientID)
	form.Set("client_secret", id.ClientSecret)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	b.decode(b.askToken(id.TenantID, form), http.StatusOK, &token)
	b.bearer = "Bearer " + token.AccessToken
	b.decode(b.arm("GET", "/subscriptions?api-version=2022-12-01", ""), http.StatusOK, &theirs)
	if n := count(theirs); n != 8 || len(theirs.Value) != delegated {
		t.Errorf("the subsidiary sees %d factories in %d subscriptions, want 8 in %d", n, len(theirs.Value), delegated)
	}
}
