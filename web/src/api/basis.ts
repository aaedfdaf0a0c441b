/**
 * How often an answer is read again that says what it rests on: no event reports that polls stop, so that a figure would
 * go on looking certain.
 */
export const basisMs = 60_000
