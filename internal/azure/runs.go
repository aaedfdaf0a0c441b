package azure

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"andon/internal/adf"
)

// What of a factory a call may ask for, in words for people.
const (
	childRun      = "run"
	childPipeline = "pipeline"
	childRuntime  = "integration runtime"
)

// RunPage is one page of pipeline runs, in the order Azure gave them, which
// means nothing. Rows may come again on another page of the same window.
type RunPage struct {
	Runs  []adf.PipelineRun
	Odd   []OddRow  // elements without a readable runId
	Next  string    // continuation token; "" on the last page
	Asked time.Time // when the page was answered, by Azure's clock
}

// ActivityPage is one page of activity runs.
type ActivityPage struct {
	Activities []adf.ActivityRun
	Odd        []OddRow // elements without activityRunId and activityName
	Next       string   // continuation token; "" on the last page
	Asked      time.Time
}

// QueryPipelineRuns asks for one page of the runs that were last updated
// within filter's closed window. For the next page filter has to be the same
// but for its ContinuationToken; KindTokenRefused means that the window has
// to be begun anew. The error is an *Error.
func (c *Client) QueryPipelineRuns(ctx context.Context, factory adf.FactoryID, filter adf.RunFilter) (RunPage, error) {
	q, err := c.factoryCall("queryPipelineRuns", http.MethodPost, factory, "/queryPipelineRuns")
	if err != nil {
		return RunPage{}, err
	}
	q.right, q.body, q.continued = "Microsoft.DataFactory/factories/querypipelineruns/action", filter, filter.ContinuationToken != ""
	var page RunPage
	err = c.ask(ctx, q, func(a answer) (err error) {
		page, err = DecodeRunPage(a.body)
		page.Asked = a.at
		*a.records = len(page.Runs) + len(page.Odd)
		return err
	})
	return page, err
}

// PipelineRun asks for one run. A run that ADF does not know or has forgotten
// is an error of KindNotFound, a deleted factory one of KindNoFactory.
func (c *Client) PipelineRun(ctx context.Context, factory adf.FactoryID, runID string) (adf.PipelineRun, error) {
	q, err := c.factoryCall("pipelineRun", http.MethodGet, factory, "/pipelineruns/"+url.PathEscape(runID))
	if err != nil {
		return adf.PipelineRun{}, err
	}
	q.right, q.child, q.where = "Microsoft.DataFactory/factories/pipelineruns/read", childRun, "run "+runID+", "+q.where
	var run adf.PipelineRun
	err = c.ask(ctx, q, func(a answer) (err error) {
		run, err = decodeOne(a.body, adf.DecodePipelineRun)
		*a.records = 1
		return err
	})
	return run, err
}

// QueryActivityRuns asks for one page of a run's activities, in the manner of
// QueryPipelineRuns. Rows outside filter's window are not in the answer.
func (c *Client) QueryActivityRuns(ctx context.Context, factory adf.FactoryID, runID string, filter adf.RunFilter) (ActivityPage, error) {
	q, err := c.factoryCall("queryActivityRuns", http.MethodPost, factory, "/pipelineruns/"+url.PathEscape(runID)+"/queryActivityruns")
	if err != nil {
		return ActivityPage{}, err
	}
	q.right, q.child, q.where = "Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action", childRun, "activities of run "+runID+", "+q.where
	q.body, q.continued = filter, filter.ContinuationToken != ""
	var page ActivityPage
	err = c.ask(ctx, q, func(a answer) (err error) {
		page, err = DecodeActivityPage(a.body)
		page.Asked = a.at
		*a.records = len(page.Activities) + len(page.Odd)
		return err
	})
	return page, err
}

// factoryCall prepares a call below a factory, whose id has to be an ARM id.
func (c *Client) factoryCall(name, method string, factory adf.FactoryID, rest string) (call, error) {
	id, err := adf.ParseFactoryID(string(factory))
	if err != nil {
		return call{}, &Error{Kind: KindConfig, Call: name, Where: "source " + c.cfg.Name, What: err.Error(), cause: err}
	}
	return call{
		name: name, method: method, version: factoryAPI, path: factoryPath(id) + rest,
		place: place{factory: id, subscription: id.Subscription()},
		where: "factory " + id.Name() + " of source " + c.cfg.Name,
	}, nil
}

func factoryPath(id adf.FactoryID) string {
	return "/subscriptions/" + url.PathEscape(id.Subscription()) + "/resourceGroups/" + url.PathEscape(id.ResourceGroup()) +
		"/providers/Microsoft.DataFactory/factories/" + url.PathEscape(id.Name())
}
