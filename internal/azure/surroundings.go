package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andon/internal/adf"
)

// Listing is all that a factory has of one kind of resource.
type Listing[T any] struct {
	Items []T
	// Odd holds elements without a readable name. While there are some, a
	// resource that is not in Items may exist all the same.
	Odd   []OddRow
	Asked time.Time // when the first page was answered, by Azure's clock
}

// TriggerRunPage is one page of trigger runs, in the manner of RunPage.
type TriggerRunPage struct {
	Runs  []adf.TriggerRun
	Odd   []OddRow // elements without a readable triggerRunId
	Next  string   // continuation token; "" on the last page
	Asked time.Time
}

// PipelineAnswer is what GET of one pipeline told.
type PipelineAnswer struct {
	Definition *adf.PipelineDefinition // nil when it is still the version of the given etag
	Asked      time.Time               // by Azure's clock
}

// QueryTriggerRuns asks for one page of trigger runs, in the manner of
// QueryPipelineRuns.
func (c *Client) QueryTriggerRuns(ctx context.Context, factory adf.FactoryID, filter adf.RunFilter) (TriggerRunPage, error) {
	q, err := c.factoryCall("queryTriggerRuns", http.MethodPost, factory, "/queryTriggerRuns")
	if err != nil {
		return TriggerRunPage{}, err
	}
	q.right, q.where = "Microsoft.DataFactory/factories/querytriggerruns/action", "trigger runs, "+q.where
	q.body, q.continued = filter, filter.ContinuationToken != ""
	var page TriggerRunPage
	err = c.ask(ctx, q, func(a answer) (err error) {
		page, err = DecodeTriggerRunPage(a.body)
		page.Asked = a.at
		*a.records = len(page.Runs) + len(page.Odd)
		return err
	})
	return page, err
}

// Pipelines lists the factory's pipelines with their definitions (ADF REST,
// Pipelines - List By Factory). The error is an *Error.
func (c *Client) Pipelines(ctx context.Context, factory adf.FactoryID) (Listing[adf.PipelineDefinition], error) {
	return list(ctx, c, factory, "listPipelines", "pipelines", adf.DecodePipelineDefinition)
}

// Triggers lists the factory's triggers (ADF REST, Triggers - List By
// Factory). The error is an *Error.
func (c *Client) Triggers(ctx context.Context, factory adf.FactoryID) (Listing[adf.Trigger], error) {
	return list(ctx, c, factory, "listTriggers", "triggers", adf.DecodeTrigger)
}

// IntegrationRuntimes lists the factory's integration runtimes, without their
// state (ADF REST, Integration Runtimes - List By Factory). The error is an
// *Error.
func (c *Client) IntegrationRuntimes(ctx context.Context, factory adf.FactoryID) (Listing[adf.IntegrationRuntime], error) {
	return list(ctx, c, factory, "listIntegrationRuntimes", "integrationRuntimes", adf.DecodeIntegrationRuntime)
}

// LinkedServices lists the names and types of the factory's linked services
// (ADF REST, Linked Services - List By Factory). What else they hold, host
// names above all, is let go. The error is an *Error.
func (c *Client) LinkedServices(ctx context.Context, factory adf.FactoryID) (Listing[adf.Resource], error) {
	return list(ctx, c, factory, "listLinkedServices", "linkedservices", nameAndType)
}

// Datasets lists the names and types of the factory's datasets (ADF REST,
// Datasets - List By Factory), in the manner of LinkedServices.
func (c *Client) Datasets(ctx context.Context, factory adf.FactoryID) (Listing[adf.Resource], error) {
	return list(ctx, c, factory, "listDatasets", "datasets", nameAndType)
}

func nameAndType(raw []byte) (adf.Resource, error) {
	r, err := adf.DecodeResource(raw)
	r.Properties, r.Raw = nil, nil
	return r, err
}

// list asks for all resources below a factory that stand in one segment of
// its paths.
func list[T any](ctx context.Context, c *Client, factory adf.FactoryID, name, segment string, read func([]byte) (T, error)) (Listing[T], error) {
	q, err := c.childCall(name, http.MethodGet, factory, segment, "read")
	if err != nil {
		return Listing[T]{}, err
	}
	rows, asked, err := c.list(ctx, q)
	if err != nil {
		return Listing[T]{}, err
	}
	all := Listing[T]{Items: make([]T, 0, len(rows)), Asked: asked}
	for _, raw := range rows {
		item, err := read(raw)
		if err != nil {
			c.logger.WarnContext(ctx, "an odd resource is left out", "call", name, "where", q.where, "error", err)
			all.Odd = append(all.Odd, OddRow{Raw: raw, Problem: err.Error()})
			continue
		}
		all.Items = append(all.Items, item)
	}
	return all, nil
}

// Pipeline asks for one pipeline (ADF REST, Pipelines - Get). With an etag
// Azure answers only when it has another version. A pipeline that the factory
// does not have is an error of KindNotFound, a deleted factory one of
// KindNoFactory.
func (c *Client) Pipeline(ctx context.Context, factory adf.FactoryID, name, etag string) (PipelineAnswer, error) {
	q, err := c.childCall("getPipeline", http.MethodGet, factory, "pipelines", "read")
	if err != nil {
		return PipelineAnswer{}, err
	}
	q.path += "/" + url.PathEscape(name)
	q.child, q.where, q.etag = childPipeline, "pipeline "+name+", "+q.where, etag
	var told PipelineAnswer
	err = c.ask(ctx, q, func(a answer) error {
		told = PipelineAnswer{Asked: a.at}
		if a.unchanged {
			return nil
		}
		d, err := decodeOne(a.body, adf.DecodePipelineDefinition)
		told.Definition = &d
		return err
	})
	if err != nil {
		return PipelineAnswer{}, err
	}
	return told, nil
}

// IntegrationRuntimeStatus asks for the state of a runtime and its nodes (ADF
// REST, Integration Runtimes - Get Status). asked is by Azure's clock. A
// runtime that the factory does not have is an error of KindNotFound.
func (c *Client) IntegrationRuntimeStatus(ctx context.Context, factory adf.FactoryID, name string) (status adf.IntegrationRuntimeStatus, asked time.Time, err error) {
	return runtimeCall(ctx, c, factory, name, "getIntegrationRuntimeStatus", "getStatus", adf.DecodeIntegrationRuntimeStatus)
}

// IntegrationRuntimeMonitoring asks what the nodes of a self-hosted runtime
// are doing (ADF REST, Integration Runtimes - Get Monitoring Data), in the
// manner of IntegrationRuntimeStatus.
func (c *Client) IntegrationRuntimeMonitoring(ctx context.Context, factory adf.FactoryID, name string) (m adf.IntegrationRuntimeMonitoring, asked time.Time, err error) {
	return runtimeCall(ctx, c, factory, name, "getIntegrationRuntimeMonitoring", "monitoringData", adf.DecodeIntegrationRuntimeMonitoring)
}

// runtimeCall asks a runtime for what it calls verb. Though these are POSTs,
// Azure registers them as reads.
func runtimeCall[T any](ctx context.Context, c *Client, factory adf.FactoryID, name, callName, verb string, read func([]byte) (T, error)) (got T, asked time.Time, err error) {
	q, err := c.childCall(callName, http.MethodPost, factory, "integrationRuntimes", strings.ToLower(verb)+"/read")
	if err != nil {
		return got, asked, err
	}
	q.path += "/" + url.PathEscape(name) + "/" + verb
	q.child, q.where = childRuntime, "integration runtime "+name+", "+q.where
	err = c.ask(ctx, q, func(a answer) (err error) {
		got, err = decodeOne(a.body, read)
		asked = a.at
		return err
	})
	return got, asked, err
}

// childCall prepares a call of what stands below a factory in one segment of
// its paths. right is the end of the right that it needs.
func (c *Client) childCall(name, method string, factory adf.FactoryID, segment, right string) (call, error) {
	q, err := c.factoryCall(name, method, factory, "/"+segment)
	q.right = "Microsoft.DataFactory/factories/" + strings.ToLower(segment) + "/" + right
	return q, err
}

// decodeOne reads an answer that is one object, telling a cut one from an odd
// one.
func decodeOne[T any](body []byte, read func([]byte) (T, error)) (T, error) {
	if _, err := openObject(body); err != nil {
		var none T
		return none, err
	}
	return read(body)
}
