package collector

import (
	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/redact"
)

// redactRuns takes the secrets out of runs before they are written. Runs
// without any, as most are, stay as they are; the others are read again from
// what is left of them. lost are those that can't be, since their very id had to
// go: they can't be kept.
func redactRuns(r *redact.Redactor, runs []adf.PipelineRun) (clean []adf.PipelineRun, lost []azure.OddRow) {
	clean = runs[:0]
	for i := range runs {
		raw, changed := r.JSON(runs[i].Raw)
		if changed {
			run, err := adf.DecodePipelineRun(raw)
			if err != nil {
				lost = append(lost, azure.OddRow{Raw: runs[i].Raw, Problem: "nothing tells it from others without its secrets"})
				continue
			}
			runs[i] = run
		}
		clean = append(clean, runs[i])
	}
	return clean, lost
}

// redactFacts takes the secrets out of what is kept of a factory itself: its
// tags.
func redactFacts(r *redact.Redactor, f adf.Factory) adf.Factory {
	if f.Tags != nil {
		f.Tags, _ = r.JSON(f.Tags)
	}
	return f
}

// redactActivities is redactRuns for activity runs.
func redactActivities(r *redact.Redactor, rows []adf.ActivityRun) []adf.ActivityRun {
	clean := rows[:0]
	for i := range rows {
		raw, changed := r.ActivityRun(rows[i].Raw, redact.Options{})
		if changed {
			row, err := adf.DecodeActivityRun(raw)
			if err != nil {
				continue // nothing is left that tells it from others
			}
			rows[i] = row
		}
		clean = append(clean, rows[i])
	}
	return clean
}
