import type {
  Basis,
  BasisCause,
  Cause,
  CheckReport,
  CheckStep,
  Collection,
  Factory,
  FactoryCollection,
  FactoryList,
  Overview,
  Problem,
  Recovery,
  RunDetail,
  RunFacets,
  RunLink,
  RunPage,
  RunRow,
  Source,
  SourceCheck,
  StripRun,
  Surrounding,
  SurroundingList,
  Timeline,
  TimelineBucket,
} from '../api/types'

// Answers as the API gives them; each takes the fields that a test is about.

/** The moment all samples are seen at. */
export const sampleNow = Date.parse('2026-11-24T02:14:07Z')

/** When a run without any time was read. */
const sampleRead = '2026-11-24T02:14:00Z'

export function sampleRun(fields: Partial<RunRow> = {}): RunRow {
  const run = {
    runId: '6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01',
    factory: 'sales-prod-3f2a',
    factoryName: 'sales-prod',
    factoryId:
      '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-sales/providers/Microsoft.DataFactory/factories/sales-prod',
    id: null,
    debugRunId: null,
    runGroupId: '6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01',
    pipelineName: 'pl_load_orders',
    invokedBy: {
      id: '08586001810390879645608998212CU07',
      name: 'tr_nightly',
      invokedByType: 'ScheduleTrigger',
      pipelineName: null,
      pipelineRunId: null,
    },
    startedBy: 'tr_nightly',
    runStart: '2026-11-24T02:00:03.1234567Z',
    runEnd: '2026-11-24T02:07:41.5Z',
    durationInMs: 458_376,
    durationComputed: null,
    status: 'Succeeded',
    endUnknown: null,
    message: '',
    cause: null,
    lastUpdated: '2026-11-24T02:07:42.0000001Z',
    annotations: [],
    isLatest: true,
    cancelledBy: null,
    recovery: null,
    recoveryReason: null,
    origin: 'api' as const,
    activities: 'complete' as const,
    odd: [],
    ...fields,
  }
  return { sortTime: run.runStart ?? run.lastUpdated ?? sampleRead, ...run }
}

/** A failed run that is open. */
export function sampleFailure(fields: Partial<RunRow> = {}): RunRow {
  return sampleRun({
    status: 'Failed',
    recovery: sampleRecovery('open'),
    message:
      "Operation on target cp_orders failed: ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database. Server: 'dw'.,Source=Microsoft.DataTransfer.Connectors.MSSQL,'",
    cause: sampleCause({
      text: "Cannot connect to SQL Database. Server: 'dw'",
      activity: 'cp_orders',
    }),
    ...fields,
  })
}

/** The cause of a failure as lists give it: what only activities know is null. */
export function sampleCause(fields: Partial<Cause> = {}): Cause {
  return {
    text: 'no route',
    reason: null,
    code: null,
    failureType: null,
    activity: null,
    childRunId: null,
    ...fields,
  }
}

/** The run that recovered another, or would. */
export function sampleRunLink(fields: Partial<RunLink> = {}): RunLink {
  return {
    runId: 'a41be0c7-1111-4111-8111-000000000001',
    pipelineName: 'pl_load_orders',
    runStart: '2026-11-24T02:10:00Z',
    runEnd: '2026-11-24T02:12:41.5Z',
    status: 'Succeeded',
    ...fields,
  }
}

export function sampleRecovery(state: Recovery['state'], fields: Partial<Recovery> = {}): Recovery {
  const by = state === 'recovered' ? sampleRunLink() : null
  return { state, rule: by ? 'parameters' : null, by, running: null, ...fields }
}

/** The run as a bar of a strip. */
export function sampleStripRun(run: RunRow): StripRun {
  const { runId, status, runStart, durationInMs, endUnknown, recovery } = run
  const recoveredBy = recovery?.by?.runId ?? null
  return {
    ...{ runId, status, runStart, durationInMs, endUnknown },
    recovery: recovery?.state ?? null,
    recoveredBy,
  }
}

/** As many runs as wanted, newest first, ten seconds apart. */
export function sampleRuns(count: number, fields: Partial<RunRow> = {}): RunRow[] {
  return Array.from({ length: count }, (_, index) => {
    const start = new Date(sampleNow - index * 10_000).toISOString()
    const runId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
    return sampleRun({ runId, runGroupId: runId, runStart: start, lastUpdated: start, ...fields })
  })
}

export function sampleRunPage(items: RunRow[], nextCursor: string | null = null): RunPage {
  return { basis: sampleBasis(), items, nextCursor, asOf: '2026-11-24T02:14:03Z' }
}

export function sampleRunDetail(fields: Partial<RunDetail> = {}): RunDetail {
  const row = sampleRun()
  return {
    ...row,
    parameters: { day: '2026-11-24' },
    runDimension: {},
    pipelineReturnValue: null,
    raw: { runId: row.runId, status: row.status },
    studioUrl: `https://adf.azure.com/en/monitoring/pipelineruns/${row.runId}`,
    alsoIn: [],
    series: null,
    parameterUses: [],
    worksSince: null,
    groupSize: 1,
    childCount: 0,
    previousRunId: null,
    nextRunId: null,
    ...fields,
  }
}

/** What figures rest on: all of one factory, unless a test says otherwise. */
export function sampleBasis(fields: Partial<Basis> = {}): Basis {
  return {
    covered: 'yes',
    reason: null,
    from: '2026-10-03T00:00:00Z',
    to: '2026-11-24T02:14:03Z',
    nothingRan: null,
    factories: {
      asked: 1,
      upToDate: 1,
      filling: 0,
      stale: 0,
      neverRead: 0,
      imported: 0,
      off: 0,
      gone: 0,
    },
    doneShare: 1,
    gaps: [],
    limits: [],
    causes: [],
    ...fields,
  }
}

/** One thing that limits an answer; the answer begins with that of the first. */
export function sampleLimits(...limits: Partial<Basis['limits'][number]>[]): Partial<Basis> {
  const all = limits.map((limit) => ({
    kind: 'gap' as const,
    reason: 'Part of this time range is missing',
    count: limit.factories?.length ?? 0,
    factories: [],
    since: null,
    ...limit,
  }))
  return { covered: 'partly', reason: all[0]?.reason ?? null, limits: all }
}

export function sampleNamed(...names: string[]): BasisCause['factories'] {
  return names.map((name) => ({ factory: name, name, asOf: null }))
}

/** The causes of lists as tests make them: one a source and sentence, as the server groups them. */
function sampleCauses(items: Factory[], sources: Source[]): BasisCause[] {
  const causes: BasisCause[] = sources.flatMap(
    ({ source, state, what, advice, command, at, retryAt }) =>
      state === 'error'
        ? [{ ...noCause, source, what: what ?? '', advice, command, at, retryAt }]
        : [],
  )
  for (const { factory, name, asOf, source, state, neverRead, lastError } of items) {
    if (!neverRead && state !== 'stale' && state !== 'refused') continue
    const what = lastError?.what ?? 'Azure was not asked in time'
    let cause = causes.find((c) => c.source === source && (c.what === what || !lastError))
    if (!cause) {
      cause = { ...noCause, ...lastError, source, what }
      causes.push(cause)
    }
    cause.where ??= lastError?.where ?? null
    cause.factories = [...cause.factories, { factory, name, asOf }]
    cause.count++
    if (neverRead) cause.neverRead++
  }
  return causes
}

const noCause: BasisCause = {
  source: null,
  kind: null,
  what: '',
  where: null,
  advice: null,
  command: null,
  count: 0,
  neverRead: 0,
  factories: [],
  at: null,
  retryAt: null,
}

export function sampleFactory(fields: Partial<Factory> = {}): Factory {
  return {
    factory: 'sales-prod-3f2a',
    name: 'sales-prod',
    factoryId: sampleRun().factoryId,
    subscriptionId: '00000000-0000-4000-8000-000000000001',
    resourceGroup: 'rg-sales',
    location: 'westeurope',
    source: 'halden',
    tags: {},
    studioUrl: 'https://adf.azure.com/en/home',
    state: 'fresh',
    neverRead: false,
    asOf: '2026-11-24T02:14:03Z',
    lagSeconds: 4,
    fill: null,
    coverage: {
      from: '2026-10-03T00:00:00Z',
      to: '2026-11-24T02:14:03Z',
      complete: true,
      gaps: [],
      activitiesPending: 0,
      wantedFrom: null,
      doneShare: 1,
    },
    counts: { Succeeded: 10 },
    runs: 10,
    firstRunStart: '2026-10-03T00:00:00Z',
    lastRunStart: '2026-11-24T02:00:03Z',
    lastError: null,
    oddRows: 0,
    ...fields,
  }
}

export function sampleSource(fields: Partial<Source> = {}): Source {
  return {
    source: 'halden',
    state: 'ok',
    what: null,
    advice: null,
    command: null,
    at: '2026-11-24T02:10:00Z',
    subscriptions: 1,
    retryAt: null,
    credential: 'client secret',
    credentialExpires: null,
    expiryAdvice: null,
    expiryCommand: null,
    pace: null,
    paceAdvice: null,
    ...fields,
  }
}

export function sampleFactories(
  items: Factory[] = [sampleFactory()],
  sources: Source[] = [sampleSource()],
): FactoryList {
  return {
    items,
    nextCursor: null,
    sources,
    pollSeconds: 30,
    basis: sampleBasis({ causes: sampleCauses(items, sources) }),
  }
}

const noUsage = { requests: 0, records: 0, throttled: 0, failed: 0, costUsd: 0, by: [] }

export function sampleCollected(fields: Partial<FactoryCollection> = {}): FactoryCollection {
  return {
    factory: 'sales-prod-3f2a',
    usage: noUsage,
    corrected: { sweeps: 0, missed: 0, outdated: 0, lastAt: null },
    lags: [],
    runs: 214,
    rereads: [],
    ...fields,
  }
}

export function sampleCollection(items: FactoryCollection[] = [sampleCollected()]): Collection {
  return { items, nextCursor: null, usage: noUsage }
}

/** All kinds as of one time, but for one. */
export function sampleSurroundings(asOf: string, other?: Surrounding): SurroundingList {
  const kinds = ['factory', 'pipelines', 'triggers', 'triggerRuns', 'integrationRuntimes'] as const
  const items = kinds.map((kind) => (kind === other?.kind ? other : { kind, asOf, trouble: null }))
  return { items, nextCursor: null }
}

export function sampleStep(fields: Partial<CheckStep> = {}): CheckStep {
  return {
    step: 'token',
    status: 'ok',
    what: 'valid for 1h0m0s',
    advice: null,
    command: null,
    evidence: null,
    durationInMs: 120,
    ...fields,
  }
}

export function sampleReport(fields: Partial<CheckReport> = {}): CheckReport {
  return {
    checkedAt: '2026-11-24T02:13:55Z',
    status: 'ok',
    steps: [
      sampleStep({ step: 'settings', what: 'client secret, cloud public' }),
      sampleStep({ step: 'routeToEntra', what: 'login.microsoftonline.com answers' }),
      sampleStep({ step: 'routeToResourceManager', what: 'management.azure.com answers' }),
      sampleStep(),
      sampleStep({ step: 'subscriptions', what: '1 is seen' }),
      sampleStep({ step: 'factories', what: '1 is seen' }),
      sampleStep({
        step: 'clock',
        what: "this machine's clock is right to within 1s by management.azure.com",
      }),
    ],
    factories: [
      {
        factoryId: sampleRun().factoryId,
        name: 'sales-prod',
        status: 'ok',
        steps: [sampleStep({ step: 'queryPipelineRuns', what: '3 runs in the last minute' })],
      },
    ],
    notLookedAt: [],
    ...fields,
  }
}

export function sampleCheck(fields: Partial<SourceCheck> = {}): SourceCheck {
  return { source: 'halden', state: 'none', startedAt: null, report: null, ...fields }
}

export function sampleOverview(fields: Partial<Overview> = {}): Overview {
  return {
    from: '2026-11-23T02:14:07Z',
    to: '2026-11-24T02:14:07Z',
    asOf: '2026-11-24T02:14:03Z',
    counts: { Succeeded: 1179, Failed: 10, Cancelled: 3, InProgress: 12 },
    basis: sampleBasis({ nothingRan: false }),
    successRate: { value: 1179 / 1189, succeeded: 1179, finished: 1189, reason: null },
    previous: {
      from: '2026-11-22T02:14:07Z',
      to: '2026-11-23T02:14:07Z',
      counts: { Succeeded: 1200, Failed: 7 },
      successRate: { value: 1200 / 1207, succeeded: 1200, finished: 1207, reason: null },
    },
    running: { count: 0, items: [] },
    problems: sampleProblems(),
    recovery: { notRedone: 0, recovered: 0, reason: null },
    newestFailures: [],
    worstPipelines: [],
    ...fields,
  }
}

export function sampleProblems(fields: Partial<Overview['problems']> = {}): Overview['problems'] {
  return {
    pipelines: 0,
    series: 0,
    runs: 0,
    flapping: 0,
    notRedone: 0,
    oldest: null,
    before: 0,
    items: [],
    older: { pipelines: 0, series: 0, runs: 0 },
    reason: null,
    ...fields,
  }
}

export function sampleProblem(fields: Partial<Problem> = {}): Problem {
  return {
    kind: 'open',
    factory: 'sales-prod-3f2a',
    factoryName: 'sales-prod',
    pipelineName: 'pl_load_orders',
    runs: 1,
    notRedone: 0,
    series: 1,
    seriesTotal: 1,
    recurring: [],
    seriesItems: [],
    since: '2026-11-24T02:00:03Z',
    last: sampleFailure(),
    spark: Array.from({ length: 24 }, () => 0),
    flapping: null,
    folded: [],
    ...fields,
  }
}

export function sampleBucket(fields: Partial<TimelineBucket> = {}): TimelineBucket {
  return {
    start: '2026-11-24T02:00:00Z',
    end: '2026-11-24T02:15:00Z',
    counts: {},
    open: 0,
    notRedone: 0,
    recovered: 0,
    underived: 0,
    covered: 'yes',
    ...fields,
  }
}

/** Buckets of 15 minutes one after the other, each with these counts. */
export function sampleTimeline(counts: Record<string, number>[]): Timeline {
  const first = Date.parse('2026-11-23T18:00:00Z')
  const at = (index: number) => new Date(first + index * 900_000).toISOString()
  return {
    from: at(0),
    to: at(counts.length),
    bucket: '15m',
    asOf: '2026-11-24T02:14:03Z',
    basis: sampleBasis(),
    items: counts.map((each, index) =>
      sampleBucket({ start: at(index), end: at(index + 1), counts: each, open: each.Failed ?? 0 }),
    ),
  }
}

export function sampleFacets(fields: Partial<RunFacets> = {}): RunFacets {
  return {
    basis: sampleBasis(),
    total: 0,
    open: 0,
    notRedone: 0,
    recovered: 0,
    recoveryReason: null,
    recovery: [],
    status: [],
    factory: [],
    invokedBy: [],
    trigger: [],
    parent: [],
    pipeline: [],
    annotation: [],
    reason: null,
    ...fields,
  }
}
