/**
 * A real process for the tests of the supervisor: serves /health on PORT and behaves as FIXTURE says.
 * `well`; `dies` (says why and exits with 3 at once); `deaf` (never healthy); `stubborn` (ignores SIGTERM).
 */
const { FIXTURE = 'well', PORT = '0', HOST = '127.0.0.1' } = Bun.env

console.log(`fixture ${FIXTURE} begins`)
if (FIXTURE === 'dies') {
  console.error('the disk is on fire')
  process.exit(3)
}
process.on('SIGTERM', () => {
  if (FIXTURE === 'stubborn') return
  console.log('fixture ends')
  process.exit(0)
})

const started_at = Date.now()
Bun.serve({
  hostname: HOST,
  port: Number(PORT),
  routes: {
    '/health': () =>
      FIXTURE === 'deaf'
        ? Response.json({ status: 'unhealthy', dependencies: { store: 'it is locked', log: 'ok' } }, { status: 503 })
        : Response.json({ status: 'healthy', version: '1.2.3', started_at, dependencies: {} }),
    '/env': () => Response.json(Bun.env),
  },
})
