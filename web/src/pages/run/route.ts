import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as v from 'valibot'
import { rootRoute } from '../../app/root'

const runTabs = ['activities', 'parameters', 'group', 'children', 'raw'] as const

const runSearchSchema = v.object({
  /** Short id of the factory the run is of: a runId can stand in two. */
  in: v.fallback(v.optional(v.string()), undefined),
  /** Absent means the activities. */
  tab: v.fallback(v.optional(v.picklist(runTabs)), undefined),
  /** The activity run whose details stand open. */
  activity: v.fallback(v.optional(v.string()), undefined),
})

export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$runId',
  validateSearch: runSearchSchema,
  component: lazyRouteComponent(() => import('./page'), 'RunPage'),
})
