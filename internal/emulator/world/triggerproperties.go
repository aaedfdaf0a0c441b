package world

import (
	"slices"
	"time"
)

// dateOfProperties is how the service writes the dates in a trigger run's properties today: in English order, 24 hours,
// without a zone, meaning the universal time.
const dateOfProperties = "01/02/2006 15:04:05"

// properties are what the trigger knew when it fired; all are strings.
func (t *TriggerRun) properties() map[string]string {
	p := map[string]string{"TriggerTime": t.stamp.time().Format(dateOfProperties)}
	switch t.kind {
	case bySchedule:
		p["ScheduleTime"] = t.start.scheduled(t.stamp).time().Format(dateOfProperties)
	case byWindow:
		from, to := t.start.window(t.window)
		if len(t.runs) > 0 {
			from, to = t.runs[0].window()
		}
		p["windowStartTime"], p["windowEndTime"] = from.time().Format(dateOfProperties), to.time().Format(dateOfProperties)
	case byBlob:
		t.describeFile(p)
	case byEvent:
		p["EventPayload"] = string(marshal(t.event()))
	case byHand, byPipeline:
	}
	return p
}

// scheduled is the time on the schedule that a trigger fired for: the last one before.
func (s *start) scheduled(fired instant) instant {
	for d := dayOf(fired); d > dayOf(fired)-40; d-- {
		if !s.days.includes(d) {
			continue
		}
		due := s.regular(d)
		if s.pattern == patternTimes {
			due = nil
			for _, t := range s.times {
				due = append(due, d.clock(t))
			}
		}
		for _, when := range slices.Backward(due) {
			if when <= fired {
				return when
			}
		}
	}
	return fired
}

// describeFile says which file arrived: the one that the run's parameter names.
func (t *TriggerRun) describeFile(p map[string]string) {
	r := t.runs[0]
	folder, name := "in", t.stamp.time().Format("20060102T150405")+".json"
	for i := range r.pipeline.parameters {
		if q := &r.pipeline.parameters[i]; q.kind == paramFile {
			folder, name = q.values[0], r.fileName()
		}
	}
	p["FolderPath"], p["FileName"] = landing+"/"+folder, name
	p["EventPayload"] = string(marshal(map[string]any{
		"topic": t.factory.providers("Microsoft.Storage/storageAccounts/" + t.factory.systems.lake), "eventType": eventBlobCreated,
		"subject": "/blobServices/default/containers/" + landing + "/blobs/" + folder + "/" + name,
		"id":      guid(t.factory.world.seed, saltTriggerRun, uint64(r.number)), "eventTime": t.stamp.add(-900 * time.Millisecond).time(),
		"data": map[string]any{
			"api": "FlushWithClose", "contentType": "application/json", "contentLength": 1024 + mix(uint64(r.number))%900_000, "blobType": "BlockBlob",
			"url": "https://" + t.factory.systems.lake + ".blob.core.windows.net/" + landing + "/" + folder + "/" + name,
		},
	}))
}

// event is a custom event as Event Grid delivers it. One that made the trigger fail lacks a key of its data.
func (t *TriggerRun) event() map[string]any {
	of := trigger{name: t.name, start: t.start}
	id := guid(t.factory.world.seed, saltTriggerRun, uint64(t.stamp), uint64(t.variant)) //nolint:gosec // after 1970
	data := map[string]any{"id": id[:8], "changedAt": t.stamp.add(-2 * time.Second).time()}
	if len(t.runs) > 0 {
		r := t.runs[0]
		for i := range r.pipeline.parameters {
			switch q := &r.pipeline.parameters[i]; q.kind {
			case paramChoice:
				data[q.name] = r.choiceOf()
			case paramFile:
				data[q.name] = q.values[0] + "/" + r.fileName()
			default:
			}
		}
	}
	return map[string]any{
		"id": id, "topic": t.factory.providers("Microsoft.EventGrid/topics/" + eventTopic), "subject": of.subject() + id[:8], "eventType": of.eventType(),
		"eventTime": t.stamp.add(-time.Second).time(), "data": data, "dataVersion": "1.0",
	}
}
