package emulator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

// recording is one recorded exchange with Azure.
type recording struct {
	Request struct {
		Method string          `json:"method"`
		Path   string          `json:"path_and_query"`
		Body   json.RawMessage `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"` // null stands for no bytes at all
	} `json:"response"`
}

// recordings reads what real Azure answered, with made-up names and ids.
func recordings(t *testing.T) map[string]recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "adf", "testdata", "recordings", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no recordings")
	}
	all := map[string]recording{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = r
	}
	return all
}

// explanation is a row of FIDELITY.md: differences that are known, and why.
type explanation struct {
	recordings, place, difference string
	used                          bool
}

func explanations(t *testing.T) []*explanation {
	t.Helper()
	text, err := os.ReadFile("FIDELITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "<!-- differences -->\n")
	table, _, end := strings.Cut(table, "<!-- /differences -->")
	if !ok || !end {
		t.Fatal("FIDELITY.md has no table of differences")
	}
	var all []*explanation
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(strings.TrimSpace(cells[0]), "-") || strings.TrimSpace(cells[0]) == "recordings" {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		if cells[3] == "" {
			t.Errorf("FIDELITY.md does not say why: %s", line)
		}
		all = append(all, &explanation{recordings: cells[0], place: cells[1], difference: cells[2]})
	}
	return all
}

func (e *explanation) covers(name, place, difference string) bool {
	matches := func(pattern, s string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, "[]", "@"), strings.ReplaceAll(s, "[]", "@"))
		return err == nil && ok
	}
	isOf := slices.ContainsFunc(strings.Fields(e.recordings), func(p string) bool { return matches(p, name) })
	return isOf && matches(e.place, place) && e.difference == difference
}

// TestAnswersHaveTheShapeOfRecordedOnes replays every recorded request and
// compares what comes back: status, headers that matter, keys and types. Each
// difference stands in FIDELITY.md with its reason, and nothing else does.
func TestAnswersHaveTheShapeOfRecordedOnes(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	known := explanations(t)
	p := newReplay(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := all[name]
		found := compareAnswers(r, p.send(name, r))
		for _, place := range slices.Sorted(maps.Keys(found)) {
			i := slices.IndexFunc(known, func(e *explanation) bool { return e.covers(name, place, found[place]) })
			if i < 0 {
				t.Errorf("not explained in FIDELITY.md:\n| %s | `%s` | %s | |", name, place, found[place])
				continue
			}
			known[i].used = true
		}
	}
	for _, e := range known {
		if !e.used {
			t.Errorf("FIDELITY.md explains what is no difference: %s `%s` %s", e.recordings, e.place, e.difference)
		}
	}
}

// compareAnswers returns the differences by their place.
func compareAnswers(want recording, got answer) map[string]string {
	found := map[string]string{}
	if got.status != want.Response.Status {
		found["status"] = fmt.Sprintf("%d, recorded %d", got.status, want.Response.Status)
		return found
	}
	for _, header := range []string{"content-type", "retry-after", "x-ms-failure-cause"} {
		if recorded, ours := want.Response.Headers[header], got.header.Get(header); recorded != ours && (recorded != "" || header != "content-type") {
			found["header "+header] = fmt.Sprintf("%q, recorded %q", ours, recorded)
		}
	}
	if reads, writes := want.Response.Headers["x-ms-ratelimit-remaining-subscription-reads"], want.Response.Headers["x-ms-ratelimit-remaining-subscription-writes"]; writes != "" && reads == "" && got.header.Get("x-ms-ratelimit-remaining-subscription-writes") == "" {
		found["header x-ms-ratelimit-remaining-subscription-writes"] = "absent, recorded"
	}
	compareBodies(found, want.Response.Body, got.body)
	return found
}

func compareBodies(found map[string]string, want json.RawMessage, got []byte) {
	wantEmpty, gotEmpty := string(want) == "null" || len(want) == 0, len(got) == 0
	if wantEmpty || gotEmpty {
		if wantEmpty != gotEmpty {
			found["body"] = fmt.Sprintf("%d bytes, recorded %.40s", len(got), want)
		}
		return
	}
	recorded, ours := shapeOf(want), shapeOf(ofRecordedKinds(want, got))
	for place, types := range recorded {
		parent := ours[parentOf(place)]
		switch {
		case ours[place] != "" && ours[place] != types && !isUnionOf(ours[place], types):
			found[place] = ours[place] + ", recorded " + types
		case ours[place] == "" && (place == "$" || strings.Contains(parent, "object")):
			found[place] = "missing"
		}
	}
	for place := range ours {
		if recorded[place] == "" && strings.Contains(recorded[parentOf(place)], "object") {
			found[place] = "not recorded"
		}
	}
}

// ofRecordedKinds leaves of a list what is of a kind that the recorded list
// holds, since each kind of trigger, activity and runtime has members of its
// own. The whole list is returned when nothing is.
func ofRecordedKinds(want, got []byte) []byte {
	type list struct {
		Value             []json.RawMessage `json:"value"`
		ContinuationToken json.RawMessage   `json:"continuationToken,omitempty"`
		NextLink          json.RawMessage   `json:"nextLink,omitempty"`
	}
	kindOf := func(raw json.RawMessage) string {
		var x struct {
			ActivityType, TriggerType string
			Properties                struct{ Type string }
		}
		_ = json.Unmarshal(raw, &x) // what has no kind has the kind ""
		return x.ActivityType + x.TriggerType + x.Properties.Type
	}
	var recorded, ours list
	if json.Unmarshal(want, &recorded) != nil || json.Unmarshal(got, &ours) != nil || len(recorded.Value) == 0 {
		return got
	}
	var kinds []string
	for _, x := range recorded.Value {
		kinds = append(kinds, kindOf(x))
	}
	ours.Value = slices.DeleteFunc(ours.Value, func(x json.RawMessage) bool { return !slices.Contains(kinds, kindOf(x)) })
	text, err := json.Marshal(ours)
	if err != nil || len(ours.Value) == 0 {
		return got
	}
	return text
}

// isUnionOf reports whether ours, such as "null string", has a form that was
// recorded: a recording shows one row of many.
func isUnionOf(ours, recorded string) bool {
	for t := range strings.FieldsSeq(recorded) {
		if !slices.Contains(strings.Fields(ours), t) {
			return false
		}
	}
	return true
}

func parentOf(place string) string {
	i := strings.LastIndexByte(place, '.')
	if i < 0 {
		return ""
	}
	return place[:i]
}

// namesOfUsers are members whose own members are named by people, or depend on
// the kind of a thing rather than on the answer.
func namesOfUsers() []string {
	return []string{
		"parameters", "tags", "runDimension", "runDimensions", "triggeredPipelines", "userProperties", "capabilities", "variables",
		"input", "output", "globalParameters", "annotations", "userAssignedIdentities", "activities",
	}
}

// shapeOf maps each place of a document to the types found there.
func shapeOf(document []byte) map[string]string {
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return map[string]string{"$": "no JSON"}
	}
	types := map[string]map[string]bool{}
	walkShape(types, "$", v)
	shape := map[string]string{}
	for place, set := range types {
		shape[place] = strings.Join(slices.Sorted(maps.Keys(set)), " ")
	}
	return shape
}

func walkShape(types map[string]map[string]bool, place string, v any) {
	add := func(t string) {
		if types[place] == nil {
			types[place] = map[string]bool{}
		}
		types[place][t] = true
	}
	switch v := v.(type) {
	case nil:
		add("null")
	case bool:
		add("boolean")
	case float64:
		add("number")
	case string:
		add("string")
	case []any:
		add("array")
		if isNamedByUsers(place) {
			return
		}
		for _, x := range v {
			walkShape(types, place+"[]", x)
		}
	case map[string]any:
		add("object")
		if isNamedByUsers(place) {
			return
		}
		for k, x := range v {
			walkShape(types, place+"."+k, x)
		}
	}
}

func isNamedByUsers(place string) bool {
	last := strings.TrimSuffix(place[strings.LastIndexByte(place, '.')+1:], "[]")
	return slices.Contains(namesOfUsers(), last)
}

// replay sends recorded requests to an emulator, with the names of its own
// company in place of the recorded ones.
type replay struct {
	*bundle
	clock *clock
	f     string // the factory asked
}

// Its time is always the same Wednesday: which runs are the newest, and so
// which optional members an answer shows, would else depend on the hour of the
// test.
func newReplay(t *testing.T) *replay {
	t.Helper()
	c := &clock{t: time.Date(2026, time.November, 25, 18, 30, 0, 0, time.UTC)}
	b := setup(t, emulator.Options{Size: 3000, Now: c.now})
	return &replay{bundle: b, clock: c, f: b.info.Factories[0]}
}

// advance moves time, and with it past the life of the token.
func (p *replay) advance(d time.Duration) {
	p.clock.advance(d)
	p.bearer = ""
}

// factorySegments are those before what a recorded path asks of a factory.
const factorySegments = 9

func (p *replay) send(name string, r recording) answer {
	if strings.HasPrefix(name, "token-") {
		form := p.form()
		form.Del("scope")
		form.Set("resource", "https://management.core.windows.net/")
		a := p.do(http.MethodPost, p.info.Authority+"/"+p.info.TenantID+"/oauth2/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return a
	}
	if name == "errors-003" { // the recorded accident must happen first
		p.addFault(`{"call":"startTrigger","fault":"504","count":1}`)
	}
	asked, query, _ := strings.Cut(r.Request.Path, "?")
	seg := strings.Split(asked, "/")
	p.f = p.info.Factories[0]
	if len(seg) > factorySegments {
		p.rename(name, r, seg)
	}
	ours := strings.Split(p.f, "/")
	for i := range min(len(seg), factorySegments) {
		seg[i] = ours[i]
	}
	if len(seg) == 6 { // factories of a subscription
		seg[3], seg[4], seg[5] = "providers", ours[6], ours[7]
	}
	for key, value := range map[string]string{"referencePipelineRunId=": "", "startActivityName=": "lkp_deviation"} {
		if before, after, ok := strings.Cut(query, key); ok {
			_, rest, _ := strings.Cut(after, "&")
			if value == "" {
				value = p.createRun(p.f+"/pipelines/pl_price_import/createRun", "")
			}
			query = before + key + value + "&" + rest
		}
	}
	body := ""
	if string(r.Request.Body) != "null" {
		body = p.renameBody(name, r.Request.Body)
	}
	return p.arm(r.Request.Method, strings.Join(seg, "/")+"?"+strings.TrimSuffix(query, "&"), body)
}

// rename puts the emulated company's names into the part of a path below the
// factory: things of the recorded kind and state.
func (p *replay) rename(name string, r recording, seg []string) {
	child := seg[factorySegments:]
	if name == "integrationruntimes-list-001" { // with a runtime for SSIS packages
		p.f = p.factoryWith("/integrationRuntimes", `"state"`)
	}
	if len(child) < 2 || r.Response.Status == http.StatusNotFound || r.Response.Status == http.StatusBadRequest && child[0] == "pipelineruns" {
		return
	}
	switch strings.ToLower(child[0]) {
	case "pipelineruns":
		child[1] = p.runLike(name, r)
	case "pipelines":
		child[1] = "pl_price_import"
	case "triggers":
		child[1] = p.resourceLike("triggers", r)
		if len(child) > 3 {
			child[3] = p.triggerRun(child[1])
		}
	case "integrationruntimes":
		child[1] = p.resourceLike("integrationRuntimes", r)
	}
}

// runLike is a run in the state that the recording shows.
func (p *replay) runLike(name string, r recording) string {
	var recorded struct{ Status string }
	// A list or an empty answer has no status of its own.
	_ = json.Unmarshal(r.Response.Body, &recorded)
	const create = "/pipelines/pl_sales_forecast/createRun"
	switch {
	case strings.Contains(name, "cancel"):
		return p.createRun(p.f+create, "")
	case recorded.Status == "Queued":
		return p.createRun(p.f+create, "")
	case recorded.Status == "Canceling":
		id := p.createRun(p.f+create, "")
		p.advance(time.Minute)
		p.arm("POST", p.f+"/pipelineruns/"+id+"/cancel", "")
		return id
	case name == "activityruns-query-001", name == "activityruns-query-002": // of a Wait, running and ended
		p.f = p.factoryWith("/pipelines/pl_dw_refresh_model", "")
		id := p.createRun(p.f+"/pipelines/pl_dw_refresh_model/createRun", "")
		for range 1500 {
			if strings.Contains(string(p.arm("POST", p.f+"/pipelineruns/"+id+"/queryActivityruns", everything).body), `{"activityRunEnd":null,"activityName":"wait_1m"`) {
				break
			}
			p.clock.advance(time.Second)
		}
		if name == "activityruns-query-002" {
			p.advance(50 * time.Minute)
		}
		return id
	case recorded.Status == "InProgress":
		id := p.createRun(p.f+create, "")
		p.advance(time.Minute)
		return id
	case recorded.Status == "Failed":
		return p.someRun("Failed")
	default:
		return p.someRun("Succeeded")
	}
}

func (p *replay) someRun(status string) string {
	p.t.Helper()
	for _, r := range p.truth(p.f) {
		if r["status"] == status {
			return r["runId"].(string)
		}
	}
	p.t.Fatalf("no run of %s is %s", p.f, status)
	return ""
}

// resourceLike is the name of a resource of the recorded type and state; the
// factory that has one is asked.
func (p *replay) resourceLike(collection string, r recording) string {
	p.t.Helper()
	type resource struct {
		Name       string
		Properties struct {
			Type, State    string
			TypeProperties json.RawMessage
		}
	}
	var recorded resource
	_ = json.Unmarshal(r.Response.Body, &recorded) // an answer without properties fits any
	wanted := recorded.Properties
	for _, f := range p.info.Factories {
		var list struct{ Value []resource }
		p.decode(p.arm("GET", f+"/"+collection, ""), http.StatusOK, &list)
		for _, x := range list.Value {
			state := x.Properties.State
			if wanted.State != "" && x.Properties.Type == "Managed" && state != "" {
				state = wanted.State // that of SSIS machines stands in the resource, whichever it is
			}
			if wanted.State != "" && x.Properties.Type == "SelfHosted" {
				var s resource
				p.decode(p.arm("POST", f+"/"+collection+"/"+x.Name+"/getStatus", ""), http.StatusOK, &s)
				state = s.Properties.State
			}
			isWanted := wanted.Type == "" || wanted.Type == x.Properties.Type && (wanted.State == "" || wanted.State == state)
			if isWanted && (hasNodes(r) == nil || *hasNodes(r) == p.hasNodes(f, x.Name)) {
				p.f = f
				return x.Name
			}
		}
	}
	p.f = p.info.Factories[0]
	return "none" // a kind that the company does not have
}

// factoryWith is the first factory whose answer to a GET holds the text.
func (p *replay) factoryWith(below, text string) string {
	p.t.Helper()
	for _, f := range p.info.Factories {
		if a := p.arm("GET", f+below, ""); a.status == http.StatusOK && strings.Contains(string(a.body), text) {
			return f
		}
	}
	p.t.Fatalf("no factory has %q in %s", text, below)
	return ""
}

// hasNodes reports whether recorded monitoring data has nodes; nil for other
// answers.
func hasNodes(r recording) *bool {
	if !strings.Contains(r.Request.Path, "/monitoringData?") {
		return nil
	}
	has := strings.Contains(string(r.Response.Body), `"nodes"`)
	return &has
}

func (p *replay) hasNodes(f, name string) bool {
	return strings.Contains(string(p.arm("POST", f+"/integrationRuntimes/"+name+"/monitoringData", "").body), `"nodes"`)
}

// triggerRun is the id of some run of the trigger.
func (p *replay) triggerRun(trigger string) string {
	p.t.Helper()
	var page struct {
		Value []struct{ TriggerRunID string }
	}
	p.decode(p.arm("POST", p.f+"/queryTriggerRuns", strings.TrimSuffix(everything, "}")+`,"filters":[{"operand":"TriggerName","operator":"Equals","values":["`+trigger+`"]}]}`), http.StatusOK, &page)
	if len(page.Value) == 0 {
		return "none"
	}
	return page.Value[0].TriggerRunID
}

// renameBody keeps a recorded body but for its window and the names in it.
func (p *replay) renameBody(name string, recorded json.RawMessage) string {
	var body map[string]any
	if err := json.Unmarshal(recorded, &body); err != nil || !strings.Contains(name, "query") {
		return string(recorded)
	}
	if name != "activityruns-query-003" && name != "triggerruns-query-006" && name != "triggerruns-query-007" { // recorded for being empty
		body["lastUpdatedAfter"], body["lastUpdatedBefore"] = "2000-01-01T00:00:00Z", "2199-12-31T00:00:00Z"
	}
	delete(body, "filters")
	if name == "pipelineruns-query-002" { // of a cancelled run
		body["filters"] = []map[string]any{{"operand": "Status", "operator": "Equals", "values": []string{"Cancelled"}}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
