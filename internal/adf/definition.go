package adf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// PipelineDefinition is a pipeline as it is published (ADF REST, Pipelines -
// Get), or as it stands in a definition file.
type PipelineDefinition struct {
	Resource

	Description *string
	Folder      string          // such as "sales/daily"; "" at the top
	Concurrency *int64          // runs at a time; nil without a limit
	Annotations json.RawMessage // array, of strings as a rule; nil when absent
	Parameters  json.RawMessage // object of name → {type, defaultValue}; nil when absent
	// LastPublishTime is sent by the live service beyond its specification.
	LastPublishTime Time
	LastModifiedBy  *string // object id of who published it last; nil as a rule
	Activities      []Activity
}

// Activity is one activity of a definition, with those that it contains.
type Activity struct {
	Name      string
	Type      string // such as Copy; open set
	DependsOn []Dependency
	// State is Active or Inactive; "", which older definitions have, means
	// Active.
	State string
	// OnInactiveMarkAs is the status that an inactive one is given; "" when
	// absent.
	OnInactiveMarkAs string
	// Container is the name of the activity that this one stands in, "" at the
	// top. ADF's activity runs do not name it, so it has to be found here.
	Container string
	// Branch says where in its container it stands: activities (of a ForEach
	// or Until), ifTrueActivities, ifFalseActivities, defaultActivities or
	// cases; "" at the top.
	Branch string
	Case   string     // value of the case of a Switch, for a Branch of cases
	Inner  []Activity // of a container, in their order

	Raw json.RawMessage // byte for byte, Inner included
}

// Dependency says that an activity waits for another one in its container.
type Dependency struct {
	Activity   string
	Conditions []string // Succeeded, Failed, Skipped, Completed
}

// maxNesting is how deep containers are followed. ADF itself allows a Switch
// or an If in a loop and no deeper.
const maxNesting = 16

// DecodePipelineDefinition reads one pipeline. A field of a wrong type costs
// only itself: it stays absent and is named in Odd. The error is non-nil only
// when raw is not a JSON object or has no name. raw is kept, not copied.
func DecodePipelineDefinition(raw []byte) (PipelineDefinition, error) {
	r, w, p, err := openResource("pipeline", raw)
	d := PipelineDefinition{
		Resource: r, Description: p.text("description"), Folder: p.within("folder").word("name"), Concurrency: p.whole("concurrency"),
		Annotations: p.raw("annotations"), Parameters: p.raw("parameters"), LastPublishTime: p.instant(publishTime),
		LastModifiedBy: p.text(modifiedBy), Activities: p.activities("activities", Activity{}, 0),
	}
	d.Odd = w.odd
	return d, err
}

// activities reads the activities in a field. like holds what they have in
// common.
func (r *row) activities(field string, like Activity, depth int) []Activity {
	parts := r.rows(field)
	if len(parts) > 0 && depth == maxNesting {
		r.isOdd(field, "is nested deeper than Data Factory allows")
		return nil
	}
	var all []Activity
	for _, w := range parts {
		a := like
		a.Name, a.Type, a.State, a.OnInactiveMarkAs = w.word("name"), w.word("type"), w.word("state"), w.word("onInactiveMarkAs")
		if a.Name == "" {
			w.isOdd("name", "is missing")
		}
		for _, d := range w.rows("dependsOn") {
			a.DependsOn = append(a.DependsOn, Dependency{Activity: d.word("activity"), Conditions: d.words("dependencyConditions")})
		}
		a.Inner = w.within("typeProperties").inner(a.Name, depth+1)
		a.Raw = w.source
		all = append(all, a)
	}
	return all
}

// inner reads the activities of a container from its typeProperties. What is
// no container has no such fields.
func (r *row) inner(container string, depth int) []Activity {
	var all []Activity
	for _, branch := range []string{"activities", "ifTrueActivities", "ifFalseActivities", "defaultActivities"} {
		if r.has(branch) {
			all = append(all, r.activities(branch, Activity{Container: container, Branch: branch}, depth)...)
		}
	}
	if !r.has("cases") {
		return all
	}
	for _, c := range r.rows("cases") {
		all = append(all, c.activities("activities", Activity{Container: container, Branch: "cases", Case: c.word("value")}, depth)...)
	}
	return all
}

// SecureParameters returns the names of the parameters that are declared as
// SecureString, in any case. Azure shows their values in plain text where an
// Execute Pipeline activity hands them on (azure.md §14).
func (d *PipelineDefinition) SecureParameters() []string {
	declared, err := splitObject(d.Parameters)
	if err != nil {
		return nil // none, or of another form
	}
	var names []string
	for _, m := range declared {
		spec, err := splitObject(m.value)
		if err != nil {
			continue
		}
		if kind := spec.find("type"); len(kind) > 2 && strings.EqualFold(strings.TrimSpace(unquote(kind[1:len(kind)-1])), "SecureString") {
			names = append(names, unquote(m.key))
		}
	}
	return names
}

// What a publishing changes in the properties of a pipeline even where nobody
// changed the pipeline.
const (
	publishTime = "lastPublishTime"
	modifiedBy  = "lastModifiedByObjectId"
)

// Content returns the properties without what each publishing changes, so
// that two publishings of the same pipeline have the same content: releases
// publish every pipeline of a factory, changed or not. The rest is byte for
// byte what stands in Properties.
func (d *PipelineDefinition) Content() json.RawMessage {
	members, err := splitObject(d.Properties)
	if err != nil {
		return json.RawMessage("{}") // no properties, or none that are an object
	}
	var b bytes.Buffer
	for _, m := range members {
		if name := string(m.key); name != publishTime && name != modifiedBy {
			writeMember(&b, m)
		}
	}
	return closeObject(&b)
}

// RestorePipelineDefinition makes a definition of its content and of what
// Content left out. Its Raw is made anew.
func RestorePipelineDefinition(name, etag string, published Time, publishedBy *string, content []byte) (PipelineDefinition, error) {
	members, err := parseObject(content)
	if err != nil {
		return PipelineDefinition{}, fmt.Errorf("the content of pipeline %q %w", name, err)
	}
	if !published.IsZero() {
		members = append(members, member{[]byte(publishTime), quote(published.String())})
	}
	if publishedBy != nil {
		members = append(members, member{[]byte(modifiedBy), quote(*publishedBy)})
	}
	var properties, b bytes.Buffer
	for _, m := range members {
		writeMember(&properties, m)
	}
	writeMember(&b, member{[]byte("name"), quote(name)})
	writeMember(&b, member{[]byte("properties"), closeObject(&properties)})
	if etag != "" {
		writeMember(&b, member{[]byte("etag"), quote(etag)})
	}
	return DecodePipelineDefinition(closeObject(&b))
}

// writeMember adds a member to an object that closeObject ends.
func writeMember(b *bytes.Buffer, m member) {
	separator := byte(',')
	if b.Len() == 0 {
		separator = '{'
	}
	b.WriteByte(separator)
	b.WriteByte('"')
	b.Write(m.key)
	b.WriteString(`":`)
	b.Write(m.value)
}

func closeObject(b *bytes.Buffer) json.RawMessage {
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return slices.Clip(b.Bytes())
}

func quote(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`) // not reached: strings always marshal
	}
	return quoted
}
