import type { paths } from './schema.gen'

// Taken from the paths, so that the names inside the API's document are free to change.
type Body<P extends keyof paths> = paths[P]['get'] extends {
  responses: { 200: { content: { 'application/json': infer B } } }
}
  ? B
  : never

type Item<T> = T extends { items: infer L }
  ? NonNullable<L> extends (infer I)[]
    ? I
    : never
  : never

export type RunPage = Body<'/api/v1/runs'>
export type RunRow = Item<RunPage>
export type Cause = NonNullable<RunRow['cause']>
export type RunFacets = Body<'/api/v1/runs/facets'>
export type RunDetail = Body<'/api/v1/runs/{runId}'>
export type RunList = Body<'/api/v1/runs/{runId}/group'>
export type ActivityList = Body<'/api/v1/runs/{runId}/activities'>
export type ActivityRun = Item<ActivityList>
export type FactoryList = Body<'/api/v1/factories'>
export type Factory = Item<FactoryList>
export type Source = NonNullable<FactoryList['sources']>[number]
export type Collection = Body<'/api/v1/collection'>
export type FactoryCollection = Item<Collection>
export type Reread = FactoryCollection['rereads'][number]
export type SurroundingList = Body<'/api/v1/factories/{factory}/surroundings'>
export type Surrounding = Item<SurroundingList>
export type SourceCheck = Body<'/api/v1/sources/{source}/check'>
export type CheckReport = NonNullable<SourceCheck['report']>
export type CheckStep = CheckReport['steps'][number]
export type Overview = Body<'/api/v1/overview'>
export type Problem = NonNullable<Overview['problems']['items']>[number]
export type Recovery = NonNullable<RunRow['recovery']>
export type RunLink = NonNullable<Recovery['by']>
export type PipelineHealth = NonNullable<Overview['worstPipelines']>[number]
export type StripRun = NonNullable<PipelineHealth['strip']>[number]
export type Timeline = Body<'/api/v1/timeline'>
export type TimelineBucket = Item<Timeline>
export type BucketWidth = NonNullable<
  NonNullable<paths['/api/v1/timeline']['get']['parameters']['query']>['bucket']
>
export type Basis = Overview['basis']
export type BasisCause = Basis['causes'][number]
