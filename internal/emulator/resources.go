package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"andon/internal/emulator/world"
)

// resourceRow is a child resource of a factory: a pipeline, a trigger, an
// integration runtime, a linked service or a dataset.
type resourceRow struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Properties json.RawMessage `json:"properties"`
	ETag       string          `json:"etag"`
}

func resourceRowOf(r world.Resource) resourceRow {
	return resourceRow{ID: r.ID, Name: r.Name, Type: r.Type, Properties: r.Properties, ETag: r.ETag}
}

// collection is one kind of child resource.
type collection struct {
	// kind is the segment of its path as refusals spell it.
	kind string
	of   func(*call) []world.Resource
}

func pipelineCollection() collection {
	return collection{"pipelines", func(c *call) []world.Resource { return c.place.PipelineResources() }}
}

func triggerCollection() collection {
	return collection{"triggers", func(c *call) []world.Resource { return c.place.TriggerResources() }}
}

func runtimeCollection() collection {
	return collection{"integrationruntimes", func(c *call) []world.Resource { return c.place.RuntimeResources(c.at) }}
}

func linkedServiceCollection() collection {
	return collection{"linkedservices", func(c *call) []world.Resource { return c.place.LinkedServiceResources() }}
}

func datasetCollection() collection {
	return collection{"datasets", func(c *call) []world.Resource { return c.place.DatasetResources() }}
}

// list answers all of a collection, a page at a time.
func (k collection) list(_ *azure, c *call) (reply, *armError) {
	all := k.of(c)
	token := skipTokens{subject: c.place.ID() + "/" + k.kind}
	from, e := token.read(c.request, len(all))
	if e != nil {
		return reply{}, e
	}
	to := min(from+listPage, len(all))
	page := struct {
		Value    []resourceRow `json:"value"`
		NextLink string        `json:"nextLink,omitempty"`
	}{Value: []resourceRow{}}
	for _, r := range all[from:to] {
		page.Value = append(page.Value, resourceRowOf(r))
	}
	if to < len(all) {
		page.NextLink = token.link(c.request, to)
	}
	return jsonReply(http.StatusOK, page), nil
}

// get answers one resource; 304 without a body when the caller has it already.
func (k collection) get(_ *azure, c *call) (reply, *armError) {
	all := k.of(c)
	i := slices.IndexFunc(all, func(r world.Resource) bool { return strings.EqualFold(r.Name, c.child) })
	if i < 0 {
		return reply{}, errNoDocument(c.place, k.kind, c.child)
	}
	if hasTag(c.request, all[i].ETag) {
		return reply{status: http.StatusNotModified}, nil
	}
	return jsonReply(http.StatusOK, resourceRowOf(all[i])), nil
}

// hasTag reports whether If-None-Match names the tag, quoted or not, or all.
func hasTag(r *http.Request, tag string) bool {
	for value := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		value = strings.Trim(strings.TrimPrefix(strings.TrimSpace(value), "W/"), `"`)
		if value == "*" || value != "" && value == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}

func (a *azure) runtimeStatus(c *call) (reply, *armError) {
	return runtimeReply(c, c.place.RuntimeStatus(c.child, c.at))
}

func (a *azure) runtimeMonitoring(c *call) (reply, *armError) {
	return runtimeReply(c, c.place.RuntimeMonitoring(c.child, c.at))
}

func runtimeReply(c *call, body json.RawMessage) (reply, *armError) {
	if body == nil {
		return reply{}, errNoDocument(c.place, "integrationruntimes", c.child)
	}
	return jsonReply(http.StatusOK, body), nil
}

func (a *azure) runtimeNode(c *call) (reply, *armError) {
	body := c.place.RuntimeNode(c.child, c.item, c.at)
	if body == nil {
		return reply{}, errNoDocument(c.place, "integrationruntimes/"+c.child+"/nodes", c.item)
	}
	return jsonReply(http.StatusOK, body), nil
}

func (a *azure) runtimeNodeAddress(c *call) (reply, *armError) {
	address := c.place.RuntimeNodeAddress(c.child, c.item)
	if address == "" {
		return reply{}, errNoDocument(c.place, "integrationruntimes/"+c.child+"/nodes", c.item)
	}
	return jsonReply(http.StatusOK, map[string]string{"ipAddress": address}), nil
}
