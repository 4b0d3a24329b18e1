/** Outcome of a step or of a test run. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number }

const attribute = (tag: string, name: string): number | undefined => {
  const found = new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1]
  return found === undefined ? undefined : Number(found)
}

/**
 * The counts of a JUnit report's root element, as `bun test` writes it. Undefined when it has none, so that a
 * run that broke off can never count as passed.
 */
export const tallyOfJunit = (xml: string): Tally | undefined => {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0]
  if (root === undefined) return undefined
  const tests = attribute(root, 'tests')
  const failures = attribute(root, 'failures')
  if (tests === undefined || failures === undefined) return undefined
  const failed = failures + (attribute(root, 'errors') ?? 0)
  const skipped = attribute(root, 'skipped') ?? 0
  return { passed: tests - failed - skipped, failed, skipped }
}

/** All tallies as one. */
export const sumOf = (tallies: readonly Tally[]): Tally =>
  tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )

/** The closing line of `bun run check`. */
export const closingLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/** What a run said it could not do on this machine, each line once. */
export const notRun = (output: string): readonly string[] => [
  ...new Set(output.split('\n').flatMap((line) => /NOT RUN: .*/.exec(line)?.[0].trim() ?? [])),
]
