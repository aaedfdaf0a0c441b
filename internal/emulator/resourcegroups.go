package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// groupRow is a row of Resource Groups - List.
type groupRow struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties groupProperties   `json:"properties"`
}

type groupProperties struct {
	ProvisioningState string `json:"provisioningState"`
}

// groupRows are the resource groups of a subscription that hold a factory: the
// emulated company has no others. A group lies where its first factory does.
func (a *azure) groupRows(subscription string) []groupRow {
	rows := []groupRow{}
	seen := map[string]bool{}
	for _, f := range a.world.Factories() {
		if !strings.EqualFold(f.SubscriptionID, subscription) || seen[strings.ToLower(f.ResourceGroup)] {
			continue
		}
		seen[strings.ToLower(f.ResourceGroup)] = true
		rows = append(rows, groupRow{
			ID:         "/subscriptions/" + f.SubscriptionID + "/resourceGroups/" + f.ResourceGroup,
			Name:       f.ResourceGroup,
			Type:       "Microsoft.Resources/resourceGroups",
			Location:   strings.ToLower(strings.ReplaceAll(f.Location, " ", "")),
			Tags:       map[string]string{},
			Properties: groupProperties{"Succeeded"},
		})
	}
	return rows
}

// resourceGroups lists those in which the caller holds a role.
func (a *azure) resourceGroups(c *call) (reply, *armError) {
	return jsonReply(http.StatusOK, struct {
		Value []groupRow `json:"value"`
	}{slices.DeleteFunc(a.groupRows(c.subscription), func(row groupRow) bool {
		return !a.assignments.HasAnyIn(c.principal.objectID, row.ID)
	})}), nil
}

func (a *azure) resourceGroup(c *call) (reply, *armError) {
	for _, row := range a.groupRows(c.subscription) {
		if strings.EqualFold(row.Name, c.group) {
			return jsonReply(http.StatusOK, row), nil
		}
	}
	return reply{}, errResourceGroup(c.group)
}
