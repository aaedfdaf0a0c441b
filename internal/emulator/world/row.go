package world

import "strconv"

// AppendRow appends the row of the run in state s: a JSON object with the members of recorded answers, in their order.
// The live service says runDimension where the specification says runDimensions.
func (r *Run) AppendRow(b []byte, s *RunState) []byte {
	from := len(b)
	b = append(b, `{"id":`...)
	b = appendString(b, r.pipeline.factory.upperID)
	b = append(b[:len(b)-1], `/pipelineruns/`...) // before the closing quote: an id needs no escapes
	b = r.appendRunID(b)
	b = append(b, `","runId":"`...)
	b = r.appendRunID(b)
	b = append(b, `","debugRunId":null,"runGroupId":"`...)
	b = r.head().appendRunID(b)
	b = append(b, `","pipelineName":`...)
	b = appendString(b, r.PipelineName())
	b = append(b, `,"parameters":`...)
	b = r.appendParameters(b)
	b = append(b, `,"invokedBy":`...)
	b = r.appendInvokedBy(b)
	b = append(b, `,"runStart":`...)
	b = appendStamp(b, r.RunStart())
	b = append(b, `,"runEnd":`...)
	b = appendStampOrNull(b, s.RunEnd)
	b = append(b, `,"durationInMs":`...)
	if s.DurationInMs == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, *s.DurationInMs, 10)
	}
	b = append(b, `,"status":`...)
	b = appendString(b, s.Status)
	b = append(b, `,"message":`...)
	if s.Message == nil {
		b = append(b, "null"...)
	} else {
		b = appendString(b, *s.Message)
	}
	b = append(b, `,"pipelineReturnValue":`...)
	if s.PipelineReturnValue == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, s.PipelineReturnValue...)
	}
	b = append(b, `,"lastUpdated":`...)
	b = appendStamp(b, s.LastUpdated)
	b = append(b, `,"annotations":[`...)
	for i, a := range r.Annotations() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, a)
	}
	b = append(b, `],"runDimension":`...)
	if r.pipeline.dimension == "" {
		b = append(b, "{}"...)
	} else {
		b = append(b, r.RunDimension()...)
	}
	b = append(b, `,"isLatest":`...)
	b = strconv.AppendBool(b, s.IsLatest)
	b = append(b, '}')
	if r.oddity != 0 {
		return r.oddRow(b, from, s)
	}
	if r.script != nil {
		return r.toldRow(b, from)
	}
	return b
}

func (r *Run) appendRunID(b []byte) []byte {
	if r.script != nil {
		return append(b, r.RunID()...)
	}
	hi, lo := runIDBits(r.world().seed, r.number)
	return appendGUID(b, hi, lo)
}

// appendInvokedBy writes what [Run.InvokedBy] says. Planned runs, which are nearly all, are spared its texts.
func (r *Run) appendInvokedBy(b []byte) []byte {
	if r.script != nil || r.parent != nil {
		return appendInvoker(b, r.InvokedBy())
	}
	seed := r.world().seed
	name := "Manual"
	b = append(b, `{"id":"`...)
	if r.origin == byHand {
		b = appendGUID32(b, mixAll(seed, saltTrigger, uint64(r.number)))
	} else {
		name = r.pipeline.starts[r.trigger].trigger
		b = appendTriggerRunID(b, seed, name, r.triggered(), r.variant)
	}
	b = append(b, `","name":`...)
	b = appendString(b, name)
	b = append(b, `,"invokedByType":"`...)
	b = append(b, r.origin.invokedByType()...)
	return append(b, '"', '}')
}

func appendInvoker(b []byte, by InvokedBy) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, by.ID)
	b = append(b, `,"name":`...)
	b = appendString(b, by.Name)
	b = append(b, `,"invokedByType":`...)
	b = appendString(b, by.InvokedByType)
	if by.PipelineName != "" {
		b = append(b, `,"pipelineName":`...)
		b = appendString(b, by.PipelineName)
	}
	if by.PipelineRunID != "" {
		b = append(b, `,"pipelineRunId":`...)
		b = appendString(b, by.PipelineRunID)
	}
	return append(b, '}')
}

// appendGUID32 is guid32 without the string.
func appendGUID32(b []byte, hi uint64) []byte {
	var text [36]byte
	with := appendGUID(text[:0], hi, mix(hi))
	for i, c := range with {
		switch i {
		case 8, 13, 18, 23:
		default:
			b = append(b, c)
		}
	}
	return b
}
