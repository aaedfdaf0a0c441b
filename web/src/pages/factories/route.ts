import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../../app/root'
import { factoriesSearchSchema } from './search'

export const factoriesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/factories',
  validateSearch: factoriesSearchSchema,
  component: lazyRouteComponent(() => import('./page'), 'FactoriesPage'),
})
