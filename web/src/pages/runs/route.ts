import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../../app/root'
import { runFilterSchema } from '../../search/schema'

export const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: runFilterSchema,
  component: lazyRouteComponent(() => import('./page'), 'RunsPage'),
})
