package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"andon/internal/emulator/world"
)

// graphPage is how many rows Resource Graph gives at most, and without $top
// (Azure Resource Graph, Work with large data sets).
const graphPage = 1000

// graphRequest is a body of Resource Graph - Resources.
type graphRequest struct {
	Query         *string  `json:"query"`
	Subscriptions []string `json:"subscriptions"`
	Options       struct {
		ResultFormat string  `json:"resultFormat"`
		Top          *int    `json:"$top"`
		Skip         *int    `json:"$skip"`
		SkipToken    *string `json:"$skipToken"`
	} `json:"options"`
}

// graphAnswer has resultTruncated as a text, as the service does.
type graphAnswer struct {
	TotalRecords    int              `json:"totalRecords"`
	Count           int              `json:"count"`
	ResultTruncated string           `json:"resultTruncated"`
	SkipToken       string           `json:"$skipToken,omitempty"`
	Data            []map[string]any `json:"data"`
	Facets          []any            `json:"facets"`
}

// resourceGraph answers the query for factories and no other: the language
// behind it is not emulated.
func (a *azure) resourceGraph(c *call) (reply, *armError) {
	var in graphRequest
	if err := json.Unmarshal(c.body, &in); err != nil {
		return reply{}, errGraph("InvalidRequest", "The request body is not valid JSON: "+err.Error())
	}
	if in.Query == nil {
		return reply{}, errGraph("InvalidRequest", "The query is missing.")
	}
	columns, e := factoriesQuery(*in.Query)
	if e != nil {
		return reply{}, e
	}
	if format := in.Options.ResultFormat; format != "" && !strings.EqualFold(format, "objectArray") {
		return reply{}, &armError{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: fmt.Sprintf("The emulator answers resultFormat objectArray only, not '%s'.", format)}
	}
	from, top, e := graphWindow(in)
	if e != nil {
		return reply{}, e
	}
	var found []*world.Factory
	for _, f := range a.present() {
		isAsked := len(in.Subscriptions) == 0 || slices.ContainsFunc(in.Subscriptions, func(s string) bool { return strings.EqualFold(s, f.SubscriptionID) })
		if isAsked && a.mayList(c, f) {
			found = append(found, f)
		}
	}
	from = min(from, len(found))
	to := min(from+top, len(found))
	out := graphAnswer{TotalRecords: len(found), Count: to - from, ResultTruncated: "false", Data: []map[string]any{}, Facets: []any{}}
	for _, f := range found[from:to] {
		out.Data = append(out.Data, a.graphRow(f, columns))
	}
	if to < len(found) {
		out.SkipToken = strconv.Itoa(to)
	}
	return jsonReply(http.StatusOK, out), nil
}

func graphWindow(in graphRequest) (from, top int, e *armError) {
	top = graphPage
	if t := in.Options.Top; t != nil {
		if *t < 1 || *t > graphPage {
			return 0, 0, errGraph("InvalidRequest", fmt.Sprintf("The value %d of $top is out of range; it must be between 1 and %d.", *t, graphPage))
		}
		top = *t
	}
	if s := in.Options.Skip; s != nil {
		from = max(0, *s)
	}
	if s := in.Options.SkipToken; s != nil && *s != "" {
		n, err := strconv.Atoi(*s)
		if err != nil || n < 0 {
			return 0, 0, errGraph("InvalidSkipToken", "The $skipToken is not valid.")
		}
		from = n
	}
	return from, top, nil
}

// factoriesQuery takes apart `resources | where type =~
// 'microsoft.datafactory/factories' | project …`. Columns are nil for all.
func factoriesQuery(query string) (columns []string, e *armError) {
	stages := strings.Split(query, "|")
	if !strings.EqualFold(strings.TrimSpace(stages[0]), "resources") {
		return nil, errGraphQuery(query)
	}
	hasType := false
	for _, stage := range stages[1:] {
		words := strings.Fields(stage)
		switch {
		case len(words) == 0:
			return nil, errGraphQuery(query)
		case strings.EqualFold(words[0], "where") && isFactoryType(strings.Join(words[1:], " ")):
			hasType = true
		case strings.EqualFold(words[0], "project"):
			for column := range strings.SplitSeq(strings.Join(words[1:], ""), ",") {
				if !slices.Contains(graphColumns(), column) {
					return nil, errGraphQuery(query)
				}
				columns = append(columns, column)
			}
		case strings.EqualFold(words[0], "order"), strings.EqualFold(words[0], "sort"):
			// The order of the factories is one of many that the service may give.
		default:
			return nil, errGraphQuery(query)
		}
	}
	if !hasType {
		return nil, errGraphQuery(query)
	}
	return columns, nil
}

func isFactoryType(condition string) bool {
	for _, operator := range []string{"=~", "=="} {
		left, right, ok := strings.Cut(condition, operator)
		if ok && strings.EqualFold(strings.TrimSpace(left), "type") && strings.EqualFold(strings.Trim(strings.TrimSpace(right), `'"`), "microsoft.datafactory/factories") {
			return true
		}
	}
	return false
}

func graphColumns() []string {
	return []string{"id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}
}

// graphRow shows a factory as Resource Graph does: type and resource group in
// lower case.
func (a *azure) graphRow(f *world.Factory, columns []string) map[string]any {
	row := a.factoryRow(f)
	all := map[string]any{
		"id": row.ID, "name": row.Name, "type": strings.ToLower(row.Type), "tenantId": a.tenantOfPath(route{subscription: f.SubscriptionID}), "kind": "", "location": strings.ToLower(strings.ReplaceAll(row.Location, " ", "")),
		"resourceGroup": strings.ToLower(a.groupOf(f)), "subscriptionId": f.SubscriptionID, "managedBy": "", "sku": nil, "plan": nil,
		"properties": row.Properties, "tags": row.Tags, "identity": row.Identity, "zones": nil, "extendedLocation": nil,
	}
	if columns == nil {
		return all
	}
	chosen := map[string]any{}
	for _, column := range columns {
		chosen[column] = all[column]
	}
	return chosen
}

func errGraph(code, message string) *armError {
	return &armError{Status: http.StatusBadRequest, Code: code, Message: message}
}

// errGraphQuery is the emulator's own: the service understands more.
func errGraphQuery(query string) *armError {
	return &armError{Status: http.StatusNotImplemented, Code: "NotImplemented", Message: fmt.Sprintf(
		"The emulator answers one query of Resource Graph, \"resources | where type =~ 'microsoft.datafactory/factories' [| project %s]\", not \"%.300s\".", strings.Join(graphColumns(), ", "), query)}
}
