package app

import (
	"fmt"
	"strings"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/config"
)

// studioURL gives addresses in ADF Studio: those of the cloud of the source
// that reads a factory. For a factory without such a source, as one that was
// only imported, the first source's cloud is taken, and without sources the
// public one.
//
// With the sources contoso (public) and gov (usgov), a factory that gov reads
// leads to adf.azure.us, and an imported one to adf.azure.com.
func studioURL(sources []config.Source) (func(source string, factory adf.FactoryID, runID string) string, error) {
	otherwise := azure.Public()
	clouds := map[string]azure.Cloud{} // by the source's name in lower case
	for i, src := range sources {
		cloud, err := cloudOf(src.Cloud)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", src.Name, err)
		}
		clouds[strings.ToLower(src.Name)] = cloud
		if i == 0 {
			otherwise = cloud
		}
	}
	return func(source string, factory adf.FactoryID, runID string) string {
		cloud, known := clouds[strings.ToLower(source)]
		if !known {
			cloud = otherwise
		}
		return cloud.StudioURL(factory, runID)
	}, nil
}
