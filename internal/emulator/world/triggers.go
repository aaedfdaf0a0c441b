package world

import (
	"slices"
	"strings"
	"time"
)

// The runtime states of a trigger (ADF REST, TriggerRuntimeState).
const (
	TriggerStarted  = "Started"
	TriggerStopped  = "Stopped"
	TriggerDisabled = "Disabled"
)

// triggerProperties are a trigger's definition (ADF REST, Trigger). A tumbling window trigger has one pipeline, all
// others a list, which may be empty.
type triggerProperties struct {
	Type           string             `json:"type"`
	Description    string             `json:"description,omitempty"`
	Annotations    []string           `json:"annotations"`
	Pipelines      *[]triggerPipeline `json:"pipelines,omitempty"`
	Pipeline       *triggerPipeline   `json:"pipeline,omitempty"`
	TypeProperties any                `json:"typeProperties"`
	RuntimeState   string             `json:"runtimeState"`
}

type triggerPipeline struct {
	PipelineReference map[string]any    `json:"pipelineReference"`
	Parameters        map[string]string `json:"parameters,omitempty"`
}

// trigger is one trigger of a factory: what the tables of its pipelines say under one name.
type trigger struct {
	name      string
	start     *start
	pipelines []*Pipeline
	state     string
}

// TriggerResources are f's triggers, in the order in which the company's tables name them. Those with runtimeState
// Started start their pipelines at just the times that their definitions say; besides, there are some that start nothing:
// one that was stopped, one that was disabled, one that nobody gave a pipeline.
func (f *Factory) TriggerResources() []Resource {
	var all []Resource
	for _, t := range f.triggers() {
		t.state = f.world.triggerState(f, t)
		all = append(all, f.resource("triggers", t.name, f.published("triggers/"+t.name), f.triggerDefinition(t)))
	}
	return all
}

// triggers are those with pipelines, and then the idle ones.
func (f *Factory) triggers() []*trigger {
	var all []*trigger
	for _, p := range f.pipelines() {
		for i := range p.starts {
			s := &p.starts[i]
			if s.trigger == "" {
				continue
			}
			if j := slices.IndexFunc(all, func(t *trigger) bool { return t.name == s.trigger }); j >= 0 {
				all[j].pipelines = append(all[j].pipelines, p)
				continue
			}
			all = append(all, &trigger{name: s.trigger, start: s, pipelines: []*Pipeline{p}, state: TriggerStarted})
		}
	}
	all = append(all, f.idleTriggers()...)
	for _, t := range all {
		if f.world.scenario.still && t.state == TriggerStarted {
			t.state = TriggerStopped
		}
	}
	return all
}

// idleTriggers have been left behind: a stopped schedule and a disabled file trigger of the factory's first pipeline, and
// in factories whose self-hosted runtime has no machine a started schedule without any pipeline.
func (f *Factory) idleTriggers() []*trigger {
	first := f.pipelines()[:min(1, len(f.pipelines()))]
	old, files, nothing := daily("tr_old_nightly", 0, 45), blobs("be_old_landing", 0), on(workingDays, daily("tr_without_pipeline", 5, 11))
	idle := []*trigger{
		{name: old.trigger, start: &old, pipelines: first, state: TriggerStopped},
		{name: files.trigger, start: &files, pipelines: first, state: TriggerDisabled},
	}
	if !f.hosts() {
		idle = append(idle, &trigger{name: nothing.trigger, start: &nothing, state: TriggerStarted})
	}
	return idle
}

func (f *Factory) triggerDefinition(t *trigger) triggerProperties {
	p := triggerProperties{Type: t.start.origin.invokedByType(), Annotations: []string{}, RuntimeState: t.state}
	pipelines := []triggerPipeline{}
	for _, pl := range t.pipelines {
		pipelines = append(pipelines, triggerPipeline{PipelineReference: reference("PipelineReference", pl.Name), Parameters: pl.triggered(t.start)})
	}
	if t.start.origin == byWindow {
		p.Pipeline = &pipelines[0]
	} else {
		p.Pipelines = &pipelines
	}
	switch t.start.origin {
	case bySchedule:
		p.TypeProperties = map[string]any{"recurrence": f.recurrence(t)}
	case byWindow:
		p.TypeProperties = f.windowProperties(t.start)
	case byBlob:
		p.TypeProperties = blobProperties{
			BlobPathBeginsWith: "/" + landing + "/blobs/" + t.folder() + "/", BlobPathEndsWith: ".json", IgnoreEmptyBlobs: true,
			Scope: f.providers("Microsoft.Storage/storageAccounts/" + f.systems.lake), Events: []string{eventBlobCreated},
		}
	case byEvent:
		p.TypeProperties = customProperties{
			Scope: f.providers("Microsoft.EventGrid/topics/" + eventTopic), Events: []string{t.eventType()}, SubjectBeginsWith: t.subject(),
		}
	case byHand, byPipeline:
	}
	if textKey(t.name)%4 == 0 {
		p.Description = "Starts " + t.firstPipeline() + "."
	}
	if t.state != TriggerStarted {
		p.Description = "No longer used."
	}
	return p
}

func (t *trigger) firstPipeline() string {
	if len(t.pipelines) == 0 {
		return "nothing yet"
	}
	return t.pipelines[0].Name
}

// providers is the id of a neighbour of f's in its resource group.
func (f *Factory) providers(path string) string {
	return "/subscriptions/" + f.SubscriptionID + "/resourceGroups/" + f.ResourceGroup + "/providers/" + path
}

// landing is the container into which files arrive.
const landing = "landing"

// folder is where the files of a blob trigger arrive: the folder of the first file parameter.
func (t *trigger) folder() string {
	for _, p := range t.pipelines {
		for i := range p.parameters {
			if p.parameters[i].kind == paramFile {
				return p.parameters[i].values[0]
			}
		}
	}
	return "in"
}

const (
	eventBlobCreated = "Microsoft.Storage.BlobCreated"
	eventTopic       = "egt-nordhem"
)

// noun is what a custom event is about: "basket" of ce_basket.
func (t *trigger) noun() string { return strings.TrimPrefix(t.name, "ce_") }

func (t *trigger) eventType() string { return "Nordhem." + t.noun() + ".Changed" }

func (t *trigger) subject() string { return "nordhem/" + t.noun() + "/" }

type blobProperties struct {
	BlobPathBeginsWith string   `json:"blobPathBeginsWith"`
	BlobPathEndsWith   string   `json:"blobPathEndsWith"`
	IgnoreEmptyBlobs   bool     `json:"ignoreEmptyBlobs"`
	Scope              string   `json:"scope"`
	Events             []string `json:"events"`
}

type customProperties struct {
	Scope             string   `json:"scope"`
	Events            []string `json:"events"`
	SubjectBeginsWith string   `json:"subjectBeginsWith"`
}

// eventData is how an expression refers to the data of a custom event.
const eventData = "@triggerBody().event.data."

// triggered are the parameters that a trigger gives the pipeline, as expressions; others keep their defaults.
func (p *Pipeline) triggered(s *start) map[string]string {
	given := map[string]string{}
	for i := range p.parameters {
		switch q := &p.parameters[i]; q.kind {
		case paramDay:
			given[q.name] = "@formatDateTime(addDays(trigger().scheduledTime, -1), 'yyyy-MM-dd')"
		case paramMonth:
			given[q.name] = "@formatDateTime(addDays(trigger().scheduledTime, -28), 'yyyy-MM')"
		case paramWindowStart:
			given[q.name] = "@trigger().outputs.windowStartTime"
		case paramWindowEnd:
			given[q.name] = "@trigger().outputs.windowEndTime"
		case paramFile:
			given[q.name] = "@concat('" + q.values[0] + "/', triggerBody().fileName)"
			if s.origin == byEvent {
				given[q.name] = eventData + q.name
			}
		case paramChoice:
			if s.origin == byEvent {
				given[q.name] = eventData + q.name
			}
		case paramFixed:
		}
	}
	return given
}

// windowProperties are a tumbling window trigger's (ADF REST, TumblingWindowTriggerTypeProperties).
type windowProperties struct {
	Frequency      string           `json:"frequency"`
	Interval       int              `json:"interval"`
	StartTime      time.Time        `json:"startTime"`
	Delay          string           `json:"delay"`
	MaxConcurrency int              `json:"maxConcurrency"`
	RetryPolicy    map[string]any   `json:"retryPolicy"`
	DependsOn      []map[string]any `json:"dependsOn"`
}

func (f *Factory) windowProperties(s *start) windowProperties {
	p := windowProperties{
		Frequency: "Hour", Interval: int(s.every / time.Hour), StartTime: f.CreateTime.Add(48 * time.Hour).Truncate(s.every), Delay: windowDelayText,
		MaxConcurrency: 50, RetryPolicy: map[string]any{"intervalInSeconds": 30}, DependsOn: []map[string]any{},
	}
	if s.alone {
		p.MaxConcurrency = 1
	}
	if s.after != "" {
		p.RetryPolicy["count"] = 0
		p.DependsOn = append(p.DependsOn, map[string]any{
			"type": "TumblingWindowTriggerDependencyReference", "offset": "00:00:00", "size": "01:00:00",
			"referenceTrigger": reference("TriggerReference", s.after),
		})
	}
	return p
}

// windowDelayText is windowDelay as a trigger's definition has it.
const windowDelayText = "00:02:00"
