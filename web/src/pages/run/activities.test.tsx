import { screen, waitFor } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import { renderApp } from '../../testing/render'
import { sampleRun } from '../../testing/samples'
import { server } from '../../testing/server'

it('says why activities were not kept, and reads them when asked to', async () => {
  const asked: (string | null)[] = []
  server.use(
    http.get('*/api/v1/runs/:runId/activities', ({ request }) => {
      const read = new URL(request.url).searchParams.get('read')
      asked.push(read)
      const state = read === 'true' ? 'complete' : 'notKept'
      const reason =
        read === 'true' ? null : 'Not kept: the policy for this pipeline keeps failures only.'
      return HttpResponse.json({ items: [], nextCursor: null, state, reason, asOf: null })
    }),
  )
  const { user } = await renderApp(`/runs/${sampleRun().runId}`)
  await screen.findByText('Activities were not kept')
  expect(
    screen.getByText('Not kept: the policy for this pipeline keeps failures only.'),
  ).toBeDefined()
  expect(asked).toEqual([null])
  await user.click(screen.getByRole('button', { name: 'Read them from Azure' }))
  await screen.findByText('This run had no activities')
  expect(asked).toEqual([null, 'true'])
})

it('says that activities come from imported logs', async () => {
  const reason = 'These come from imported logs, which may lack activities and details.'
  const { runId } = sampleRun()
  server.use(
    http.get('*/api/v1/runs/:runId/activities', () =>
      HttpResponse.json({
        items: [{ activityName: 'cp_orders', activityRunId: 'a-1', status: 'Succeeded', odd: [] }],
        nextCursor: null,
        state: 'imported',
        reason,
        asOf: null,
      }),
    ),
  )
  await renderApp(`/runs/${runId}`)
  await screen.findByText(`Imported activities · ${reason}`)
  expect(screen.queryByText('Activities are not known')).toBeNull()
})

it.each([
  ['some', [{ activityName: 'cp', activityRunId: 'a-1', status: 'InProgress', odd: [] }]],
  ['none', []],
])('says of an ended run that later activities are not here: %s were read', async (_, items) => {
  let state = 'partial'
  server.use(
    http.get('*/api/v1/runs/:runId/activities', () => {
      const reason = state === 'partial' ? 'Collecting is off.' : null
      return HttpResponse.json({ items, nextCursor: null, state, reason, asOf: null })
    }),
  )
  const { user } = await renderApp(`/runs/${sampleRun().runId}`)
  const words = /^Read while the run went on: later activities are not here/
  await screen.findByText(words)
  expect(screen.queryByText(/No activity has started yet|The run goes on/)).toBeNull()
  state = 'complete'
  await user.click(screen.getByRole('button', { name: 'Ask again' }))
  await waitFor(() => expect(screen.queryByText(words)).toBeNull())
})
