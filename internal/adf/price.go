package adf

// MonitoringCost returns Microsoft's list price in US dollars of that many run
// records retrieved: 0.25 per 50,000 (Azure Data Factory pricing, Data Factory
// Operations, Monitoring; as of 2026). What a company pays may differ by
// region and agreement.
func MonitoringCost(records int64) float64 {
	const per, dollars = 50_000, 0.25
	return float64(records) * dollars / per
}
