package emulator

import (
	"net/http"
	"strings"

	"andon/internal/emulator/entra"
	"andon/internal/emulator/world"
)

// listPage is how many resources one page of a list holds: pipelines and
// triggers come 50 at a time (azure.md §14). Of factories Azure's own number is
// not known: 169 were seen in one page.
const listPage = 50

func (a *azure) findFactory(r route) *world.Factory {
	if r.factory == "" {
		return nil
	}
	for _, f := range a.present() {
		if strings.EqualFold(f.Name, r.factory) && strings.EqualFold(a.groupOf(f), r.group) && strings.EqualFold(f.SubscriptionID, r.subscription) {
			return f
		}
	}
	return nil
}

// checkSubscription refuses paths through a subscription that does not exist
// or belongs to a tenant that the caller is not of.
func (a *azure) checkSubscription(c *call) *armError {
	if c.subscription == "" {
		return nil
	}
	if !isGUID(c.subscription) {
		return errSubscriptionID(c.subscription)
	}
	s, ok := a.findSubscription(c.subscription)
	if !ok {
		return errSubscription(c.subscription)
	}
	if !a.accepts(s, c.principal.tenantID) {
		return errTokenTenant(tenantOf(s), entra.Issuer(c.principal.tenantID))
	}
	return nil
}

// checkPlace refuses paths through a resource group or factory that does not
// exist.
func (a *azure) checkPlace(c *call) *armError {
	if c.group != "" && !a.hasGroup(c.subscription, c.group) {
		return errResourceGroup(c.group)
	}
	if c.factory != "" && c.place == nil {
		return errResource(c.factory, c.group)
	}
	return nil
}

func (a *azure) hasGroup(subscription, group string) bool {
	for _, f := range a.world.Factories() {
		if strings.EqualFold(f.SubscriptionID, subscription) && (strings.EqualFold(f.ResourceGroup, group) || strings.EqualFold(a.groupOf(f), group)) {
			return true
		}
	}
	return false
}

// subscriptionRow is a row of GET /subscriptions (Resource Manager,
// Subscriptions - List).
type subscriptionRow struct {
	ID                   string          `json:"id"`
	AuthorizationSource  string          `json:"authorizationSource"`
	ManagedByTenants     []managedTenant `json:"managedByTenants"`
	SubscriptionID       string          `json:"subscriptionId"`
	TenantID             string          `json:"tenantId"`
	DisplayName          string          `json:"displayName"`
	State                string          `json:"state"`
	SubscriptionPolicies policies        `json:"subscriptionPolicies"`
}

// managedTenant is a tenant that a subscription is delegated to.
type managedTenant struct {
	TenantID string `json:"tenantId"`
}

type policies struct {
	LocationPlacementID string `json:"locationPlacementId"`
	QuotaID             string `json:"quotaId"`
	SpendingLimit       string `json:"spendingLimit"`
}

func (a *azure) subscriptions(c *call) (reply, *armError) {
	rows := []subscriptionRow{}
	for _, s := range a.world.Subscriptions() {
		if a.maySee(c, s) {
			rows = append(rows, a.subscriptionRow(s))
		}
	}
	return jsonReply(http.StatusOK, struct {
		Value []subscriptionRow `json:"value"`
		Count any               `json:"count"`
	}{rows, map[string]any{"type": "Total", "value": len(rows)}}), nil
}

func (a *azure) subscription(c *call) (reply, *armError) {
	s, ok := a.findSubscription(c.subscription)
	if !ok {
		return reply{}, errSubscription(c.subscription)
	}
	return jsonReply(http.StatusOK, a.subscriptionRow(s)), nil
}

func (a *azure) subscriptionRow(s world.Subscription) subscriptionRow {
	managers := []managedTenant{}
	for _, m := range managersOf(a.world, s) {
		managers = append(managers, managedTenant{m})
	}
	return subscriptionRow{
		ID:                   "/subscriptions/" + s.ID,
		AuthorizationSource:  "RoleBased",
		ManagedByTenants:     managers,
		SubscriptionID:       s.ID,
		TenantID:             tenantOf(s),
		DisplayName:          s.DisplayName,
		State:                "Enabled",
		SubscriptionPolicies: policies{"Public_2014-09-01", "EnterpriseAgreement_2014-09-01", "Off"},
	}
}

// factoryRow is a factory as its list and get answer it.
type factoryRow struct {
	Name       string            `json:"name"`
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Properties factoryProperties `json:"properties"`
	ETag       string            `json:"eTag"`
	Location   string            `json:"location"`
	Identity   *factoryIdentity  `json:"identity,omitempty"`
	Tags       map[string]string `json:"tags"`
}

type factoryProperties struct {
	ProvisioningState string             `json:"provisioningState"`
	CreateTime        timestamp          `json:"createTime"`
	Version           string             `json:"version"`
	RepoConfiguration *repoConfiguration `json:"repoConfiguration,omitempty"`
	// PublicNetworkAccess and GlobalParameters are absent where nobody ever
	// touched them.
	PublicNetworkAccess string                     `json:"publicNetworkAccess,omitempty"`
	GlobalParameters    map[string]globalParameter `json:"globalParameters,omitempty"`
	Encryption          struct{}                   `json:"encryption"`
}

type globalParameter struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type factoryIdentity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	TenantID    string `json:"tenantId"`
}

type repoConfiguration struct {
	Type                string `json:"type"`
	ProjectName         string `json:"projectName,omitempty"`
	AccountName         string `json:"accountName"`
	RepositoryName      string `json:"repositoryName"`
	CollaborationBranch string `json:"collaborationBranch"`
	RootFolder          string `json:"rootFolder"`
	LastCommitID        string `json:"lastCommitId"`
	TenantID            string `json:"tenantId"`
}

func (a *azure) factoryRow(f *world.Factory) factoryRow {
	now := a.presence.of(f)
	row := factoryRow{
		Name: orDefault(now.name, f.Name),
		ID:   a.listedID(f),
		Type: dataFactoryNamespace + "/factories",
		Properties: factoryProperties{
			ProvisioningState: "Succeeded",
			CreateTime:        timestamp(f.CreateTime),
			Version:           dataFactoryAPIVersions,
		},
		ETag:     `"` + f.ETag + `"`,
		Location: orDefault(now.region, f.Location),
		Tags:     f.Tags,
	}
	if now.tags != nil {
		row.Tags = now.tags
	}
	if environment := f.Tags["environment"]; environment != "" {
		row.Properties.GlobalParameters = map[string]globalParameter{"environment": {"String", environment}}
	}
	if f.PrincipalID != "" {
		row.Identity = &factoryIdentity{Type: "SystemAssigned", PrincipalID: f.PrincipalID, TenantID: a.tenantOfPath(route{subscription: f.SubscriptionID})}
		row.Properties.PublicNetworkAccess = "Enabled"
	}
	if r := f.Repository; r != nil {
		row.Properties.RepoConfiguration = &repoConfiguration{
			Type: r.Type, ProjectName: r.ProjectName, AccountName: r.AccountName, RepositoryName: r.RepositoryName,
			CollaborationBranch: r.CollaborationBranch, RootFolder: r.RootFolder, LastCommitID: r.LastCommitID,
			TenantID: a.tenantOfPath(route{subscription: f.SubscriptionID}),
		}
	}
	return row
}

// factories lists those of a subscription or of one of its resource groups.
func (a *azure) factories(c *call) (reply, *armError) {
	var all []*world.Factory
	for _, f := range a.present() {
		isThere := strings.EqualFold(f.SubscriptionID, c.subscription) && (c.group == "" || strings.EqualFold(a.groupOf(f), c.group))
		if isThere && a.mayList(c, f) {
			all = append(all, f)
		}
	}
	from, e := skipToken(c.request, len(all))
	if e != nil {
		return reply{}, e
	}
	to := min(from+listPage, len(all))
	page := struct {
		Value    []factoryRow `json:"value"`
		NextLink string       `json:"nextLink,omitempty"`
	}{Value: []factoryRow{}}
	for _, f := range all[from:to] {
		page.Value = append(page.Value, a.factoryRow(f))
	}
	if to < len(all) {
		page.NextLink = nextLink(c.request, to)
	}
	return jsonReply(http.StatusOK, page), nil
}

func (a *azure) factory(c *call) (reply, *armError) {
	if hasTag(c.request, c.place.ETag) {
		return reply{status: http.StatusNotModified}, nil
	}
	return jsonReply(http.StatusOK, a.factoryRow(c.place)), nil
}
