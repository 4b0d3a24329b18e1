/** The health check inside a container (HEALTH_COMMAND): exits 0 only when the service answers /health with 200. */

import { escapeText } from '#common/process/escape'

/** Below the time that Compose gives the check, so that the reason is said before it is cut off. */
const TIMEOUT_MS = 2_500

const port = Bun.env['PORT'] ?? ''
const answer = await fetch(`http://127.0.0.1:${port}/health`, {
  redirect: 'error',
  signal: AbortSignal.timeout(TIMEOUT_MS),
}).catch((error: unknown) => String(error))
if (typeof answer === 'string') console.error(escapeText(answer))
else if (answer.status !== 200)
  console.error(`status ${answer.status}: ${escapeText((await answer.text()).slice(0, 1_000))}`)
process.exit(typeof answer !== 'string' && answer.status === 200 ? 0 : 1)
