package world

import (
	"encoding/json"
	"fmt"
	"time"
)

// Resource is a part of a factory as ARM shows it: a pipeline, a trigger, a linked service, a dataset or an integration
// runtime (ADF REST, SubResource). In ARM's JSON the ETag's member is "etag", and its value has no quotes around it.
type Resource struct {
	ID         string // the factory's id in its own spelling, and a lower-case collection
	Name       string
	Type       string // Microsoft.DataFactory/factories/ and the collection
	ETag       string
	Properties json.RawMessage // never nil
}

// resource makes one of f's resources. The last part of its ETag is the time it was published, as the live service has
// it.
func (f *Factory) resource(collection, name string, published time.Time, properties any) Resource {
	h := mixAll(f.world.seed, saltResource, textKey(f.Name+"/"+collection+"/"+name), uint64(published.Unix())) //nolint:gosec // after 1970
	return Resource{
		ID: f.ID() + "/" + collection + "/" + name, Name: name, Type: "Microsoft.DataFactory/factories/" + collection,
		ETag:       fmt.Sprintf("%08x-0000-0d00-0000-%08x0000", low32(h), low32(uint64(published.Unix()))), //nolint:gosec // after 1970
		Properties: marshal(properties),
	}
}

// marshal is for values of this package's own, of which none is unfit for JSON.
func marshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("the emulator's own value cannot be written as JSON: %v", err))
	}
	return raw
}

// published is when one of f's resources was last changed: between the factory's making and the beginning of the
// history, to the second.
func (f *Factory) published(what string) time.Time {
	from, to := at(f.CreateTime), f.world.begin
	if to <= from {
		return to.time().Truncate(time.Second)
	}
	h := mixAll(f.world.seed, saltResource, textKey(f.Name+"/"+what))
	return from.add(time.Duration(h % uint64(to-from))).time().Truncate(time.Second) //nolint:gosec // to is later
}

// folder is a resource's place in Studio's tree; nil at the root.
func folder(name string) map[string]any {
	if name == "" {
		return nil
	}
	return map[string]any{"name": name}
}

// expression is a value that ADF works out when it runs the activity (ADF REST, Expression).
func expression(text string) map[string]any {
	return map[string]any{"value": text, "type": "Expression"}
}

// masked is how the live service shows a secret that was entered as such.
func masked() map[string]any {
	return map[string]any{"type": "SecureString", "value": "**********"}
}
