package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datafactory/armdatafactory/v9"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resourcegraph/armresourcegraph"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
)

// all follows a pager to its end.
func all[P, T any](p *program, pager *runtime.Pager[P], rows func(P) []*T) []*T {
	var out []*T
	for pager.More() {
		page, err := pager.NextPage(p.ctx)
		noError(err)
		out = append(out, rows(page)...)
	}
	return out
}

// refusal demands the SDK's own type of error, with this status and code.
func refusal(err error, status int, code string) string {
	var response *azcore.ResponseError
	need(errors.As(err, &response), "want an azcore.ResponseError, got %T: %v", err, err)
	need(response.StatusCode == status && response.ErrorCode == code, "want %d %s, got %d %q: %v", status, code, response.StatusCode, response.ErrorCode, err)
	return strings.TrimSpace(strconv.Itoa(status) + " " + code)
}

func (p *program) entra() {
	scope := policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
	refused := func(cred *azidentity.ClientSecretCredential, code string) string {
		_, err := cred.GetToken(p.ctx, scope)
		var failed *azidentity.AuthenticationFailedError
		need(errors.As(err, &failed), "want an azidentity.AuthenticationFailedError, got %T: %v", err, err)
		need(failed.RawResponse.StatusCode == http.StatusUnauthorized && strings.Contains(err.Error(), code), "want 401 %s, got %v", code, err)
		return code
	}
	p.call("token", func() string {
		cred, err := p.credential(p.emulator.ClientID, p.emulator.ClientSecret)
		noError(err)
		token, err := cred.GetToken(p.ctx, scope)
		noError(err)
		need(strings.Count(token.Token, ".") == 2, "the token is no JWT")
		need(!token.ExpiresOn.IsZero(), "the token does not end")
		return "a JWT"
	})
	p.call("token: wrong secret", func() string {
		cred, err := p.credential(p.emulator.ClientID, "wrong")
		noError(err)
		return refused(cred, "AADSTS7000215")
	})
	p.call("token: expired secret", func() string { return refused(p.identity("secret has expired"), "AADSTS7000222") })
}

func (p *program) resourceManager() {
	cred, err := p.credential(p.emulator.ClientID, p.emulator.ClientSecret)
	if err != nil {
		panic(err) // the same call worked before
	}
	p.call("subscriptions: list", func() string {
		client, err := armsubscriptions.NewClient(cred, p.arm())
		noError(err)
		rows := all(p, client.NewListPager(nil), func(r armsubscriptions.ClientListResponse) []*armsubscriptions.Subscription { return r.Value })
		need(len(rows) > 0, "no subscription")
		for _, r := range rows {
			need(value(r.State, "state") == armsubscriptions.SubscriptionStateEnabled && text(r.DisplayName) != "" && text(r.TenantID) == p.emulator.TenantID, "a row lacks its fields: %+v", r)
		}
		return strconv.Itoa(len(rows))
	})
	p.call("subscriptions: get", func() string {
		client, err := armsubscriptions.NewClient(cred, p.arm())
		noError(err)
		got, err := client.Get(p.ctx, p.subscription, nil)
		noError(err)
		need(strings.EqualFold(text(got.SubscriptionID), p.subscription), "another one: %s", text(got.SubscriptionID))
		return text(got.DisplayName)
	})
	p.call("resource groups: list", func() string {
		client, err := armresources.NewResourceGroupsClient(p.subscription, cred, p.arm())
		noError(err)
		rows := all(p, client.NewListPager(nil), func(r armresources.ResourceGroupsClientListResponse) []*armresources.ResourceGroup { return r.Value })
		found := false
		for _, r := range rows {
			need(text(r.Location) != "" && text(value(r.Properties, "properties").ProvisioningState) == "Succeeded", "a row lacks its fields: %+v", r)
			found = found || strings.EqualFold(text(r.Name), p.group)
		}
		need(found, "%s is not in the list of %d", p.group, len(rows))
		return strconv.Itoa(len(rows))
	})
	p.call("resource groups: get", func() string {
		client, err := armresources.NewResourceGroupsClient(p.subscription, cred, p.arm())
		noError(err)
		got, err := client.Get(p.ctx, p.group, nil)
		noError(err)
		need(strings.EqualFold(text(got.Name), p.group), "another one: %s", text(got.Name))
		return text(got.Location)
	})
	p.call("Resource Graph: factories", func() string {
		client, err := armresourcegraph.NewClient(cred, p.arm())
		noError(err)
		query := armresourcegraph.QueryRequest{
			Query: new("resources | where type =~ 'microsoft.datafactory/factories' | project id, name, location, resourceGroup, subscriptionId, tags, properties"),
			Options: &armresourcegraph.QueryRequestOptions{
				ResultFormat: to.Ptr(armresourcegraph.ResultFormatObjectArray), Top: to.Ptr[int32](2),
			},
		}
		found := 0
		for {
			got, err := client.Resources(p.ctx, query, nil)
			noError(err)
			rows, ok := got.Data.([]any)
			need(ok, "data is no array: %T", got.Data)
			found += len(rows)
			if text(got.SkipToken) == "" {
				need(int64(found) == value(got.TotalRecords, "totalRecords"), "%d rows of %d", found, *got.TotalRecords)
				break
			}
			query.Options.SkipToken = got.SkipToken
		}
		need(found == len(p.emulator.Factories), "%d of %d factories", found, len(p.emulator.Factories))
		return strconv.Itoa(found)
	})
}

func (p *program) factories() {
	client := p.adf.NewFactoriesClient()
	p.call("factories: list", func() string {
		rows := all(p, client.NewListPager(nil), func(r armdatafactory.FactoriesClientListResponse) []*armdatafactory.Factory { return r.Value })
		want := 0
		for _, id := range p.emulator.Factories {
			if strings.Contains(id, p.subscription) {
				want++
			}
		}
		need(len(rows) == want, "%d of %d factories", len(rows), want)
		for _, r := range rows {
			need(text(r.Location) != "" && text(r.ETag) != "" && !value(value(r.Properties, "properties").CreateTime, "createTime").IsZero(), "a row lacks its fields: %+v", r)
		}
		return strconv.Itoa(len(rows))
	})
	p.call("factories: list by resource group", func() string {
		rows := all(p, client.NewListByResourceGroupPager(p.group, nil), func(r armdatafactory.FactoriesClientListByResourceGroupResponse) []*armdatafactory.Factory {
			return r.Value
		})
		need(len(rows) > 0, "no factory")
		return strconv.Itoa(len(rows))
	})
	var etag *string
	p.call("factories: get", func() string {
		got, err := client.Get(p.ctx, p.group, p.factory, nil)
		noError(err)
		need(strings.EqualFold(text(got.Name), p.factory) && text(got.Properties.ProvisioningState) == "Succeeded", "%+v", got.Factory)
		etag = got.ETag
		return text(got.Name)
	})
	p.call("factories: get, If-None-Match", func() string {
		need(etag != nil, "no eTag to ask with")
		var raw *http.Response
		_, err := client.Get(policy.WithCaptureResponse(p.ctx, &raw), p.group, p.factory, &armdatafactory.FactoriesClientGetOptions{IfNoneMatch: etag})
		// The service answers 304 without a body; what the client makes of that is asked of the status alone.
		need(raw != nil && raw.StatusCode == http.StatusNotModified, "want 304, got %+v (%v)", raw, err)
		noError(err)
		return "304"
	})
	p.call("factories: get, unknown", func() string {
		_, err := client.Get(p.ctx, p.group, "adf-nowhere", nil)
		return refusal(err, http.StatusNotFound, "ResourceNotFound")
	})
}

func (p *program) definitions() {
	pipelines, services, datasets := p.adf.NewPipelinesClient(), p.adf.NewLinkedServicesClient(), p.adf.NewDatasetsClient()
	var name *string
	p.call("pipelines: list", func() string {
		rows := all(p, pipelines.NewListByFactoryPager(p.group, p.factory, nil), func(r armdatafactory.PipelinesClientListByFactoryResponse) []*armdatafactory.PipelineResource {
			return r.Value
		})
		need(len(rows) > 0, "no pipeline")
		activities := 0
		for _, r := range rows {
			for _, a := range r.Properties.Activities {
				need(text(a.GetActivity().Name) != "" && text(a.GetActivity().Type) != "", "an activity of %s lacks its fields", text(r.Name))
				activities++
			}
		}
		name = rows[0].Name
		return strconv.Itoa(len(rows)) + " with " + strconv.Itoa(activities) + " activities"
	})
	p.call("pipelines: get", func() string {
		got, err := pipelines.Get(p.ctx, p.group, p.factory, value(name, "a pipeline's name"), nil)
		noError(err)
		need(text(got.Name) == *name && len(got.Properties.Activities) > 0 && text(got.Etag) != "", "%+v", got.PipelineResource)
		return *name
	})
	p.call("pipelines: get, unknown", func() string {
		_, err := pipelines.Get(p.ctx, p.group, p.factory, "pl_nowhere", nil)
		return refusal(err, http.StatusNotFound, "NotFound")
	})
	name = nil
	p.call("linked services: list", func() string {
		rows := all(p, services.NewListByFactoryPager(p.group, p.factory, nil), func(r armdatafactory.LinkedServicesClientListByFactoryResponse) []*armdatafactory.LinkedServiceResource {
			return r.Value
		})
		need(len(rows) > 0, "no linked service")
		for _, r := range rows {
			need(text(r.Properties.GetLinkedService().Type) != "", "%s has no type", text(r.Name))
		}
		name = rows[0].Name
		return strconv.Itoa(len(rows))
	})
	p.call("linked services: get", func() string {
		got, err := services.Get(p.ctx, p.group, p.factory, value(name, "a linked service's name"), nil)
		noError(err)
		need(text(got.Name) == *name, "another one: %s", text(got.Name))
		return text(got.Properties.GetLinkedService().Type)
	})
	name = nil
	p.call("datasets: list", func() string {
		rows := all(p, datasets.NewListByFactoryPager(p.group, p.factory, nil), func(r armdatafactory.DatasetsClientListByFactoryResponse) []*armdatafactory.DatasetResource {
			return r.Value
		})
		need(len(rows) > 0, "no dataset")
		for _, r := range rows {
			need(text(r.Properties.GetDataset().LinkedServiceName.ReferenceName) != "", "%s has no linked service", text(r.Name))
		}
		name = rows[0].Name
		return strconv.Itoa(len(rows))
	})
	p.call("datasets: get", func() string {
		got, err := datasets.Get(p.ctx, p.group, p.factory, value(name, "a dataset's name"), nil)
		noError(err)
		need(text(got.Name) == *name, "another one: %s", text(got.Name))
		return text(got.Properties.GetDataset().Type)
	})
}
