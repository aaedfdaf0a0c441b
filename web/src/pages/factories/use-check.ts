import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { checkQuery, startCheck } from '../../api/checks'
import { factoriesKey } from '../../api/factories'
import type { Source } from '../../api/types'
import { isAsked } from '../../factory/state'

/** What the last check of a source found, and a way to check it now. Of one that is not asked nothing is known. */
export function useSourceCheck(source: Source) {
  const client = useQueryClient()
  const { queryKey, ...options } = checkQuery(source.source)
  const check = useQuery({ queryKey, ...options, enabled: isAsked(source) })
  const start = useMutation({
    mutationFn: () => startCheck(source.source),
    onSuccess: (found) => {
      client.setQueryData(queryKey, found)
      void client.invalidateQueries({ queryKey: factoriesKey })
    },
  })
  const running = start.isPending || check.data?.state === 'running'
  return {
    report: check.data?.report ?? null,
    /** Nobody has said yet what the last check found. */
    loading: check.isLoading,
    running,
    /** Whether a check was started from here, whose end is news then. */
    asked: !start.isIdle,
    /** Why the last check could not be read or started. */
    error: start.error ?? (check.data ? null : check.error),
    run: () => {
      if (!running) start.mutate()
    },
  }
}

export type SourceCheckState = ReturnType<typeof useSourceCheck>
