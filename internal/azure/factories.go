package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andon/internal/adf"
)

// maxListPages ends a list that never does. One page holds well over a
// hundred factories.
const maxListPages = 1000

// Subscriptions lists the subscriptions in which the identity has any right
// (ARM REST, Subscriptions - List). An element without a subscriptionId is
// left out. The error is an *Error.
func (c *Client) Subscriptions(ctx context.Context) ([]adf.Subscription, error) {
	q := call{
		name: "listSubscriptions", method: http.MethodGet, path: "/subscriptions", version: subscriptionAPI,
		where: "subscriptions of source " + c.cfg.Name, right: "Microsoft.Resources/subscriptions/read",
	}
	rows, _, err := c.list(ctx, q)
	if err != nil {
		return nil, err
	}
	subscriptions := make([]adf.Subscription, 0, len(rows))
	for _, raw := range rows {
		var w struct {
			SubscriptionID string `json:"subscriptionId"`
			DisplayName    string `json:"displayName"`
			State          string `json:"state"`
			TenantID       string `json:"tenantId"`
		}
		// A member of a wrong type costs only itself: the others are read.
		if err := json.Unmarshal(raw, &w); w.SubscriptionID == "" {
			c.logger.WarnContext(ctx, "an odd subscription is left out", "error", err)
			continue
		}
		subscriptions = append(subscriptions, adf.Subscription{
			SubscriptionID: w.SubscriptionID, DisplayName: w.DisplayName, State: w.State, TenantID: w.TenantID,
		})
	}
	return subscriptions, nil
}

// Factories lists the factories of a subscription that the identity may read
// (ADF REST, Factories - List). A subscription that does not use Data Factory
// has none. An element without a usable id is left out. The error is an
// *Error.
func (c *Client) Factories(ctx context.Context, subscriptionID string) ([]adf.Factory, error) {
	return c.factories(ctx, subscriptionID, "")
}

// FactoriesInGroup lists the factories of one resource group (ADF REST,
// Factories - List By Resource Group), in the manner of Factories.
func (c *Client) FactoriesInGroup(ctx context.Context, subscriptionID, resourceGroup string) ([]adf.Factory, error) {
	return c.factories(ctx, subscriptionID, resourceGroup)
}

func (c *Client) factories(ctx context.Context, subscriptionID, group string) ([]adf.Factory, error) {
	found, err := c.listFactories(ctx, subscriptionID, group)
	if failed, ok := errors.AsType[*Error](err); ok && failed.Kind == KindNotRegistered {
		return nil, nil
	}
	return found, err
}

// listFactories is factories where a subscription that does not use Data
// Factory is an error of KindNotRegistered.
func (c *Client) listFactories(ctx context.Context, subscriptionID, group string) ([]adf.Factory, error) {
	q := call{
		name: "listFactories", method: http.MethodGet, version: factoryAPI,
		path:  "/subscriptions/" + url.PathEscape(subscriptionID),
		place: place{subscription: subscriptionID},
		where: "factories of subscription " + subscriptionID + " of source " + c.cfg.Name,
		right: "Microsoft.DataFactory/factories/read",
	}
	if group != "" {
		q.path += "/resourceGroups/" + url.PathEscape(group)
	}
	q.path += "/providers/Microsoft.DataFactory/factories"
	rows, _, err := c.list(ctx, q)
	if err != nil {
		return nil, err
	}
	factories := make([]adf.Factory, 0, len(rows))
	for _, raw := range rows {
		f, err := adf.DecodeFactory(raw)
		if err != nil {
			c.logger.WarnContext(ctx, "an odd factory is left out", "subscription", subscriptionID, "error", err)
			continue
		}
		factories = append(factories, f)
	}
	return factories, nil
}

// Factory asks for one factory (ADF REST, Factories - Get). One that does not
// exist is an error of KindNoFactory.
func (c *Client) Factory(ctx context.Context, id adf.FactoryID) (adf.Factory, error) {
	q, err := c.factoryCall("getFactory", http.MethodGet, id, "")
	if err != nil {
		return adf.Factory{}, err
	}
	q.right = "Microsoft.DataFactory/factories/read"
	var factory adf.Factory
	err = c.ask(ctx, q, func(a answer) (err error) {
		factory, err = decodeOne(a.body, adf.DecodeFactory)
		return err
	})
	return factory, err
}

// list asks for q and every page after it. asked is when the first page was
// answered, by Azure's clock: what changed later may be missing.
func (c *Client) list(ctx context.Context, q call) (rows []json.RawMessage, asked time.Time, err error) {
	for range maxListPages {
		var link string
		err := c.ask(ctx, q, func(a answer) error {
			page, next, err := splitPage(a.body, "nextLink")
			for _, row := range page {
				rows = append(rows, row.Raw())
			}
			if asked.IsZero() {
				asked = a.at
			}
			link = next
			return err
		})
		if err != nil || link == "" {
			return rows, asked, err
		}
		if !c.ownHost(link) {
			return nil, asked, c.newError(q, KindNotJSON, "the list goes on at another host, which must not get the token", "check what stands between Andon and "+c.armURL, nil)
		}
		q.link = link
	}
	return nil, asked, c.newError(q, KindNotJSON, "the list does not end", "check what stands between Andon and "+c.armURL, nil)
}

// ownHost reports whether link leads to ARM as configured. The token must go
// nowhere else. The default port is the same host as none:
// https://management.azure.com:443/… is ARM's own, :8443 is not.
func (c *Client) ownHost(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	own, err := url.Parse(c.armURL)
	return err == nil && u.Scheme == own.Scheme && u.User == nil && strings.EqualFold(u.Hostname(), own.Hostname()) && portOf(u) == portOf(own)
}

// portOf returns a URL's port, the scheme's own where it names none.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" || u.Scheme != "https" {
		return port
	}
	return "443"
}
