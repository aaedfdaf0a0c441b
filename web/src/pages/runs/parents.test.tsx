import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import { renderApp } from '../../testing/render'
import { sampleFacets, sampleRun, sampleRunDetail, sampleRunPage } from '../../testing/samples'
import { server } from '../../testing/server'

// As Azure sends it: the name of what invoked a child is a GUID that differs from run to run.
const activityRun = '7b3a0e55-2222-4222-8222-000000000002'
const parentRun = 'c0ffee00-0000-4000-8000-0000000c0700'
const child = {
  startedBy: 'pl_parent',
  invokedBy: {
    id: activityRun,
    name: activityRun,
    invokedByType: 'PipelineActivity',
    pipelineName: 'pl_parent',
    pipelineRunId: parentRun,
  },
}
const orphan = {
  runId: '6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a02',
  startedBy: null,
  invokedBy: { ...child.invokedBy, pipelineName: null, pipelineRunId: null },
}

it('a child run names its parent and links to its run', async () => {
  server.use(
    http.get('*/api/v1/runs', () =>
      HttpResponse.json(sampleRunPage([sampleRun(child), sampleRun(orphan)])),
    ),
  )
  await renderApp('/runs?range=all')
  const link = await screen.findByRole('link', { name: 'pl_parent' })
  expect(link.getAttribute('href')).toContain(`/runs/${parentRun}`)
  expect(screen.getByRole('main').textContent).not.toContain(activityRun)
})

it('the page of a child run does so too', async () => {
  server.use(http.get('*/api/v1/runs/:runId', () => HttpResponse.json(sampleRunDetail(child))))
  await renderApp(`/runs/${sampleRun().runId}`)
  const facts = await screen.findByRole('region', { name: 'Facts' })
  const link = within(facts).getByRole('link', { name: 'pl_parent' })
  expect(link.getAttribute('href')).toContain(`/runs/${parentRun}`)
  expect(facts.textContent).not.toContain(activityRun)
})

it('parents are a list of their own beside the types, and values of the same filter', async () => {
  const asked: string[][] = []
  server.use(
    http.get('*/api/v1/runs', ({ request }) => {
      asked.push(new URL(request.url).searchParams.getAll('invokedBy'))
      return HttpResponse.json(sampleRunPage([]))
    }),
    http.get('*/api/v1/runs/facets', () =>
      HttpResponse.json(
        sampleFacets({
          invokedBy: [{ value: 'PipelineActivity', count: 9 }],
          parent: [{ value: 'pl_parent', count: 7 }],
        }),
      ),
    ),
  )
  const { user } = await renderApp('/runs?range=all&invokedBy=ScheduleTrigger')
  const parents = await screen.findByRole('group', { name: 'Parent pipeline' })
  expect(within(parents).getAllByRole('checkbox')).toHaveLength(1)
  await user.click(within(parents).getByRole('checkbox', { name: /pl_parent/ }))
  await expect.poll(() => asked.at(-1)).toEqual(['ScheduleTrigger', 'pl_parent'])
  const types = screen.getByRole('group', { name: 'Invoked by' })
  expect(within(types).getAllByRole('checkbox')).toHaveLength(2)
  expect(within(parents).getByRole<HTMLInputElement>('checkbox').checked).toBe(true)
})
