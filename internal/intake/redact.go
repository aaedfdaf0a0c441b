package intake

import (
	"andon/internal/adf"
	"andon/internal/redact"
)

// redactRuns takes the secrets out of runs before they are written. lost counts
// those whose very id had to go: they can't be kept.
func redactRuns(r *redact.Redactor, runs []adf.PipelineRun) (clean []adf.PipelineRun, lost int) {
	clean = runs[:0]
	for i := range runs {
		if raw, changed := r.JSON(runs[i].Raw); changed {
			run, err := adf.DecodePipelineRun(raw)
			if err != nil {
				lost++
				continue
			}
			runs[i] = run
		}
		clean = append(clean, runs[i])
	}
	return clean, lost
}
