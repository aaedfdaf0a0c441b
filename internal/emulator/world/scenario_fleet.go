package world

import (
	"fmt"
	"strings"
	"time"
)

const (
	fleetSubscriptions = 20
	fleetPerCountry    = 10 // factories in each subscription
)

// fleetScenario is a group that gives each of its countries a subscription and each plant in it a factory, all from one
// template: many places that are much alike, which is what a collector's limits are tried with.
func fleetScenario() scenario {
	sc := scenario{
		name:    "fleet",
		what:    "two hundred factories in twenty subscriptions, rolled out from one template and about equally busy: give --size 400000 for 2,000 runs each",
		tenants: []tenantSpec{{name: "Havmark Foods", domain: "havmark.example"}},
	}
	for i, country := range strings.Fields("SE NO DK FI IS EE LV LT PL DE NL BE FR ES PT IT AT CZ SK HU")[:fleetSubscriptions] {
		sc.subscriptions = append(sc.subscriptions, subscriptionSpec{name: "Havmark Plants " + country})
		for plant := range fleetPerCountry {
			sc.factories = append(sc.factories, plantFactory(i, strings.ToLower(country), plant))
		}
	}
	return sc
}

func plantFactory(subscription int, country string, plant int) factorySpec {
	name := fmt.Sprintf("%s-%02d", country, plant+1)
	flat := strings.ReplaceAll(name, "-", "")
	spec := factorySpec{
		subscription: subscription, resourceGroup: "rg-plant-" + name, name: "adf-havmark-" + name, location: []string{"westeurope", "North Europe"}[plant%2],
		created: fmt.Sprintf("2024-%02d-%02dT08:%02d:11.40217%02dZ", 1+plant, 1+subscription, plant, subscription), identity: true,
		tags: `{"template":"plant","version":"7"}`,
		systems: systems{
			sqlServer: "sql-havmark-" + name + ".database.windows.net", database: "plant", lake: "sthavmark" + flat, databricks: "adb-5510293847561029.9.azuredatabricks.net",
			workspace: "5510293847561029", onPremises: "PLANT-" + strings.ToUpper(name), region: "West Europe",
		},
		pipelines: plantPipelines(),
	}
	if plant == 0 {
		spec.pipelines = headPlantPipelines()
	}
	return spec
}

// plantPipelines are those of every plant: about 45 runs a day.
func plantPipelines() func() []Pipeline {
	lines := domain{name: "lines", schema: "mes", items: []string{"filling", "packing", "cold"}, tag: "plant", hosted: true, hour: 1}
	return joined(lines.nightly(), lines.windows(), lines.files("batches", 15), lines.quality(), lines.corrections(1))
}

// headPlantPipelines are those of a country's first plant, which also takes in what the country's scales report.
func headPlantPipelines() func() []Pipeline {
	scales := domain{name: "scales", schema: "scl", items: []string{"in", "out"}, tag: "plant", hour: 4}
	return joined(plantPipelines()(), scales.feed(4*time.Minute, 12, false))
}
