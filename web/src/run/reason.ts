// ADF wraps the cause once for each level: "Operation on target For each failed: Activity failed because an inner
// activity failed; Inner activity name: cp_orders, Error: Operation on target cp_orders failed: ErrorCode=…".
const wrappers = [
  /^operation on target .{1,260}? failed:\s*/i,
  /^activity failed because an inner activity failed;?\s*/i,
  /^inner activity name:\s*[^,]{1,260},\s*error:\s*/i,
  /^execute pipeline activity .{1,260}? failed with error:?\s*/i,
  /^failure happened on '[^']{1,60}' side\.\s*/i,
  /^error\s*:\s*/i,
]

/**
 * The sentence of a run's message that says why, for showing in a row. Only for showing: the message whole is
 * never changed, and search and grouping work on it. Empty when there is no message.
 */
export function reasonOf(message: string | null | undefined): string {
  const text = unwrap((message ?? '').replace(/\s+/g, ' ').trim())
  return firstSentence(innerMessage(text) ?? jsonMessage(text) ?? pageTitle(text) ?? text)
}

function unwrap(message: string): string {
  let text = message
  // Ten levels is what ADF allows at most; a message that repeats a wrapper for ever must not hold the page.
  for (let level = 0; level < 40; level++) {
    const wrapper = wrappers.find((candidate) => candidate.test(text))
    const inner = wrapper ? text.replace(wrapper, '').trim() : ''
    // A chain can end with no cause at all: then its last level is the most that is known.
    if (inner === '') return text
    text = inner
  }
  return text
}

/** Connectors pack the words into "ErrorCode=…,'Type=…,Message=The words.,Source=…,'". */
function innerMessage(text: string): string | null {
  if (!/^'?(?:ErrorCode|Type)=/.test(text)) return null
  const found = /Message=(.+?)(?:,\s*Source=|,\s*'{0,2}Type=|$)/.exec(text)?.[1]?.trim()
  return found || null
}

/** Services answer with JSON, which ADF passes on and sometimes cuts: so it is searched, not parsed. */
function jsonMessage(text: string): string | null {
  if (!text.startsWith('{')) return null
  for (const name of ['message', 'detail', 'title']) {
    const found = new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)+)`, 'i').exec(text)?.[1]
    if (found)
      return found
        .replace(/\\[nrt]/g, ' ')
        .replace(/\\(.)/g, '$1')
        .trim()
  }
  return null
}

/** A gateway's whole HTML page stands in some messages. */
function pageTitle(text: string): string | null {
  if (!/^<(?:!doctype|html)/i.test(text)) return null
  return /<title>([^<]+)/i.exec(text)?.[1]?.trim() || 'An HTML page came instead of an answer'
}

function firstSentence(text: string): string {
  // A full stop ends a sentence only before a space and a capital or the end: host names, "v1.2" and "e.g. x" go on.
  const end = /[.!?](?=\s+["'(]?[A-Z]|\s*$)/.exec(text)
  const sentence = end ? text.slice(0, end.index) : text
  // SQL's numbers follow the words, and say nothing to who reads a row.
  return sentence.replace(/[\s.,]*SqlErrorNumber=.*$/, '').replace(/[\s.,;:]+$/, '')
}
